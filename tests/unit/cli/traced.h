/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that stops at its system calls: at every one that does something to files, when it is called and when it
 * returns. What a test does meanwhile is as if another process had been so fast, or this one had died there.
 */
#pragma once

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct traced {
	pid_t pid;
	int status;
	bool returns; /* from a call that counts, next */
};

static inline bool traced_touches_files(uint64_t number)
{
	static const long calls[] = {
#ifdef SYS_mkdir
		SYS_mkdir, SYS_rmdir, SYS_rename, SYS_unlink, SYS_open, SYS_access,
#endif
		SYS_mkdirat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_openat, SYS_faccessat, SYS_flock, SYS_write,
		SYS_pwrite64, SYS_fsync, SYS_syncfs
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if ((uint64_t)calls[i] == number)
			return true;
	return false;
}

static inline struct traced traced_begin(int (*run)(const void *data), const void *data)
{
	struct traced traced = { .pid = fork() };

	cr_assert_geq(traced.pid, 0);
	if (traced.pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(127);
		raise(SIGSTOP);
		_exit(run(data));
	}
	cr_assert_eq(waitpid(traced.pid, &traced.status, 0), traced.pid);
	if (!WIFSTOPPED(traced.status))
		cr_skip_test("nothing can be traced here");
	cr_assert_eq(ptrace(PTRACE_SETOPTIONS, traced.pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	return traced;
}

/* To the next stop. False: it has ended before. */
static inline bool traced_step(struct traced *traced)
{
	while (WIFSTOPPED(traced->status)) {
		struct __ptrace_syscall_info info;

		cr_assert_eq(ptrace(PTRACE_SYSCALL, traced->pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(traced->pid, &traced->status, 0), traced->pid);
		if (!WIFSTOPPED(traced->status))
			break;
		cr_assert_gt(ptrace(PTRACE_GET_SYSCALL_INFO, traced->pid, sizeof(info), &info), 0);
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && traced->returns)
			return true;
		traced->returns = info.op == PTRACE_SYSCALL_INFO_ENTRY && traced_touches_files(info.entry.nr);
		if (traced->returns)
			return true;
	}
	return false;
}

/* To its end. */
static inline int traced_finish(struct traced *traced)
{
	if (WIFSTOPPED(traced->status)) {
		cr_assert_eq(ptrace(PTRACE_DETACH, traced->pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(traced->pid, &traced->status, 0), traced->pid);
	}
	cr_assert(WIFEXITED(traced->status), "status %x", (unsigned)traced->status);
	return WEXITSTATUS(traced->status);
}

static inline void traced_kill(struct traced *traced)
{
	if (!WIFSTOPPED(traced->status))
		return;
	kill(traced->pid, SIGKILL);
	cr_assert_eq(waitpid(traced->pid, &traced->status, 0), traced->pid);
}
