# SPDX-License-Identifier: GPL-2.0-or-later
# GNU make. `make help` lists the targets; `make` alone needs neither root nor network.
#
# CC, CPPFLAGS, CFLAGS and LDFLAGS are honoured as usual, from the environment too. SANITIZE=1 builds with Address- and
# UndefinedBehaviorSanitizer in build-asan/, WERROR=1 (or CI set) makes warnings errors, V=1 shows the commands.
# SUITES_ONLY='unit fault:messages/*' has `make check` and `make check-vm` run only these.

BUILD ?= build$(if $(SANITIZE),-asan)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 20

HARDENING := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
CFLAGS ?= -O2 -g $(HARDENING)
LDFLAGS ?= -Wl,-z,relro,-z,now

# What we build against (pkg-config), what the Debian packages are called, and the tests' share of both.
LIBRARIES := libnl-3.0 libmnl libnftnl yaml-0.1 jansson libsodium
TEST_LIBRARIES := criterion libnl-route-3.0
DEPS := build-essential pkg-config libnl-3-dev libnl-genl-3-dev libnl-route-3-dev libnl-xfrm-3-dev libmnl-dev \
	libnftnl-dev libyaml-dev libjansson-dev libsodium-dev libcriterion-dev iproute2 iputils-ping nftables \
	strace tcpdump wireguard-tools dhcpcd-base dnsmasq-base graphviz python3 python3-yaml python3-jsonschema
LINT_DEPS := clang-format clang-tidy cppcheck shellcheck
FUZZ_DEPS := clang libclang-rt-14-dev
BENCH_DEPS := iproute2 nftables python3
VM_DEPS = wireguard-go $(shell tests/vm/run --packages)

SANITIZERS := address,undefined
# The kernel's netlink macros (NLA_HDRLEN, NLMSG_ALIGN) are signed, sizes are not: no -Wsign-conversion.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes $(if $(WERROR)$(CI),-Werror)
INSTRUMENT := $(if $(SANITIZE),-fsanitize=$(SANITIZERS) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link)

# Library headers are not ours to warn about: -isystem.
package_cflags = $(patsubst -I%,-isystem%,$(shell pkg-config --cflags $(1) 2>/dev/null))
package_libs = $(shell pkg-config --libs $(1) 2>/dev/null)

COMPILE = $(CC) -std=gnu17 -D_GNU_SOURCE -Iinclude $(WARNINGS) -fPIE $(INSTRUMENT) \
	$(call package_cflags,$(LIBRARIES)) $(CPPFLAGS) $(CFLAGS) -MMD -MP
LINK = $(CC) -pie $(INSTRUMENT) $(CFLAGS) $(LDFLAGS)
COMPILE := $(COMPILE)
LIBS := $(call package_libs,$(LIBRARIES))
TEST_CFLAGS := $(call package_cflags,$(TEST_LIBRARIES)) -Itests
TEST_LIBS := $(call package_libs,$(TEST_LIBRARIES))

Q := $(if $(V),,@)
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
NEED = @.ci/install

# ---- what is built from what ------------------------------------------------------------------------------------------

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SOURCES := $(wildcard src/*/*.c src/*/*/*.c)
PROGRAM := $(wildcard src/main.c src/cli/*.c)
LIBRARY := $(filter-out $(PROGRAM),$(SOURCES))
SUPPORT := $(wildcard tests/support/*.c)
SUITES := $(foreach s,unit golden netns fault,$(if $(wildcard tests/$(s)/*.c tests/$(s)/*/*.c),$(s)))
TESTS_unit := $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c)
TESTS_golden := $(wildcard tests/golden/*.c)
TESTS_netns := $(wildcard tests/netns/*.c)
TESTS_fault := $(wildcard tests/fault/*.c)
FUZZERS := $(wildcard tests/fuzz/*.c)
OBJECTS := $(call objects,$(LIBRARY) $(PROGRAM) $(SUPPORT) $(foreach s,$(SUITES),$(TESTS_$(s))) $(FUZZERS))

all: $(BUILD)/liblinkspan.a $(if $(wildcard src/main.c),$(BUILD)/linkspan)

$(BUILD)/liblinkspan.a: $(call objects,$(LIBRARY)) $(BUILD)/sources
	@echo "  AR    $@"
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/linkspan: $(call objects,$(PROGRAM)) $(BUILD)/liblinkspan.a
	@echo "  LINK  $@"
	$(Q)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | headers
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(COMPILE) $(EXTRA_CFLAGS) -c -o $@ $<

$(BUILD)/obj/tests/%.o: EXTRA_CFLAGS = $(TEST_CFLAGS)

define suite
$(BUILD)/tests/$(1): $(call objects,$(TESTS_$(1)) $(SUPPORT)) $(BUILD)/liblinkspan.a $(BUILD)/sources
endef
$(foreach s,$(SUITES),$(eval $(call suite,$(s))))

SUITE_PROGRAMS := $(SUITES:%=$(BUILD)/tests/%)
tests: all test-headers $(SUITE_PROGRAMS)

$(SUITE_PROGRAMS):
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS) $(TEST_LIBS)

FUZZ_PROGRAMS := $(FUZZERS:tests/fuzz/%.c=$(BUILD)/fuzz/%)
$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/liblinkspan.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LIBS)
fuzz-programs: $(FUZZ_PROGRAMS)

# Other flags rebuild everything; a source that came or went builds the archive and the tests anew.
quoted = '$(subst ','\'',$(1))'
$(BUILD)/flags: TEXT = $(COMPILE) $(LINK)
$(BUILD)/sources: TEXT = $(LIBRARY) $(foreach s,$(SUITES),$(TESTS_$(s))) $(SUPPORT)
$(BUILD)/flags $(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(TEXT)) | cmp -s - $@ || printf '%s\n' $(call quoted,$(TEXT)) >$@

# One clear line instead of a page of compiler errors.
require = @for p in $(1); do pkg-config --exists $$p 2>/dev/null && continue; \
	n=$${p%%-[0-9]*}; echo "lib$${n\#lib} headers missing: run 'make deps' as root" >&2; exit 1; done
headers:
	@command -v pkg-config >/dev/null || { echo "pkg-config missing: run 'make deps' as root" >&2; exit 1; }
	$(call require,$(LIBRARIES))
test-headers:
	$(call require,$(TEST_LIBRARIES))
$(call objects,$(SUPPORT) $(foreach s,$(SUITES),$(TESTS_$(s)))): | test-headers

# ---- what is checked --------------------------------------------------------------------------------------------------

check:
	$(NEED) deps $(DEPS)
	@$(MAKE) --no-print-directory $(JOBS) tests
	@tests/run --build $(BUILD) $(foreach s,$(SUITES_ONLY),--only '$(s)')

check-vm:
	$(NEED) deps $(DEPS)
	$(NEED) deps-vm $(VM_DEPS)
	@$(MAKE) --no-print-directory $(JOBS) tests
	@tests/run-vm $(BUILD) $(foreach s,$(SUITES_ONLY),'$(s)')

lint:
	$(NEED) deps $(DEPS)
	$(NEED) deps-lint $(LINT_DEPS)
	@tests/lint/run $(filter-out $(CC) -MMD -MP,$(COMPILE)) $(TEST_CFLAGS)

fuzz:
	$(NEED) deps $(DEPS)
	$(NEED) deps-fuzz $(FUZZ_DEPS)
	@$(MAKE) --no-print-directory $(JOBS) fuzz-programs BUILD=build-fuzz CC=clang SANITIZE=1 FUZZ=1
	@for f in $(basename $(notdir $(FUZZERS))); do mkdir -p build-fuzz/corpus/$$f; seeds=tests/fuzz/$$f; \
		echo "  FUZZ  $$f"; build-fuzz/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 \
		-artifact_prefix=build-fuzz/$$f- build-fuzz/corpus/$$f $$(test -d $$seeds && echo $$seeds) || exit 1; done

bench:
	$(NEED) deps $(DEPS)
	$(NEED) deps-bench $(BENCH_DEPS)
	$(NEED) deps-vm $(VM_DEPS)
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/bench/run
	@tests/bench/tunnels
	@tests/bench/site

demo:
	$(NEED) deps $(DEPS)
	@$(MAKE) --no-print-directory $(JOBS) all
	@contrib/demo/examples
	@contrib/demo/story --here || .ci/install deps-vm $(VM_DEPS)
	@contrib/demo/story

# ---- what is installed ------------------------------------------------------------------------------------------------

deps:
	$(NEED) deps $(DEPS)
deps-lint:
	$(NEED) deps-lint $(LINT_DEPS)
deps-fuzz:
	$(NEED) deps-fuzz $(FUZZ_DEPS)
deps-bench:
	$(NEED) deps-bench $(BENCH_DEPS)
deps-vm:
	$(NEED) deps-vm $(VM_DEPS)

# What the command says of the tables, kept for those who install it.
schema: all
	$(BUILD)/linkspan schema >contrib/schema/linkspan.json
	$(BUILD)/linkspan site schema >contrib/schema/site.json

SHARE = $(DESTDIR)$(PREFIX)/share
install: all
	install -D -m 755 $(BUILD)/linkspan $(DESTDIR)$(PREFIX)/sbin/linkspan
	for m in $(wildcard contrib/man/*.[58]); do \
		install -D -m 644 $$m $(SHARE)/man/man$${m##*.}/$${m##*/} || exit 1; done
	install -D -m 644 contrib/completion/linkspan $(SHARE)/bash-completion/completions/linkspan
	install -D -m 644 contrib/schema/linkspan.json $(SHARE)/linkspan/schema.json
	install -D -m 644 contrib/schema/site.json $(SHARE)/linkspan/site.json
	cd contrib/examples && find . -type f -exec install -D -m 644 {} $(abspath $(SHARE))/doc/linkspan/examples/{} \;

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/linkspan $(SHARE)/bash-completion/completions/linkspan
	rm -f $(foreach m,$(wildcard contrib/man/*.[58]),$(SHARE)/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))
	rm -rf $(SHARE)/doc/linkspan $(SHARE)/linkspan

clean:
	rm -rf build build-asan build-fuzz $(BUILD)

help:
	@echo "make             build $(BUILD)/linkspan and $(BUILD)/liblinkspan.a"
	@echo "make check       unit, golden, netns and fault tests (SANITIZE=1: with sanitizers)"
	@echo "make check-vm    the netns tests in a virtual machine, with a stock distribution kernel"
	@echo "make lint        formatting, clang-tidy, cppcheck, include rules, shellcheck"
	@echo "make fuzz        every fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make bench       measurements beside other tools"
	@echo "make schema      write contrib/schema/*.json anew, after a change of the tables of keys"
	@echo "make demo        a demonstration in network namespaces of its own: the examples, and a story of failover"
	@echo "make deps        install what building and testing need (Debian; root)"
	@echo "                 also deps-lint, deps-fuzz, deps-bench, deps-vm"
	@echo "make install     PREFIX=$(PREFIX), DESTDIR honoured; make uninstall takes it back"
	@echo "make clean       remove what was built"

.PHONY: all tests headers test-headers fuzz-programs check check-vm lint fuzz bench demo deps deps-lint deps-fuzz \
	deps-bench deps-vm schema install uninstall clean help FORCE
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

-include $(OBJECTS:.o=.d)
