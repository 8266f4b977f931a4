/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linkspan/util.h>

#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

TestSuite(process);

/* `sleep 60 e0`, as far as its name and words go; in a network namespace of its own where that is allowed. */
static pid_t start(bool apart)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (apart && unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(77);
		execlp("sleep", "sleep", "60", "0", NULL);
		_exit(1);
	}
	return pid;
}

static void wait_for_name(pid_t pid)
{
	char name[16];

	for (int i = 0; i < 500; i++) {
		if (ls_process_text(pid, "comm", name, sizeof(name)) && !strcmp(name, "sleep"))
			return;
		usleep(10000);
	}
	cr_assert_fail("%s", name);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(process, words_are_told_as_a_line)
{
	char line[64], cut[8];
	pid_t pid = start(false);

	wait_for_name(pid);
	cr_expect(ls_process_text(pid, "cmdline", line, sizeof(line)));
	cr_expect_str_eq(line, "sleep 60 0");
	cr_expect(ls_process_text(pid, "cmdline", cut, sizeof(cut)));
	cr_expect_str_eq(cut, "sleep 6");
	cr_expect(ls_process_shares_network(pid));
	end(pid);
	cr_expect_not(ls_process_text(pid, "cmdline", line, sizeof(line)), "it is gone");
	cr_expect_str_eq(line, "");
	cr_expect_not(ls_process_shares_network(pid));
}

Test(process, another_network_is_not_shared)
{
	int status;
	pid_t pid = start(true);

	usleep(100000);
	if (waitpid(pid, &status, WNOHANG) == pid)
		cr_skip_test("no network namespaces allowed here");
	wait_for_name(pid);
	cr_expect_not(ls_process_shares_network(pid));
	end(pid);
}
