# seccompd: build, test, lint, run. `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DEFAULT_GOAL := all

BUILD   ?= build
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
AR      := ar
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^\#\# \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)
REVISION ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
PYTHON  ?= /usr/bin/python3
JOBS    ?= $(shell nproc)

PKGS_PROFILE := libseccomp libcjson libmd
PKGS_DAEMON  := libsystemd libmicrohttpd
PKGS_CTL     := libcurl
PKGS_TEST    := cmocka

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wno-missing-field-initializers
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT      ?= -O2
CFLAGS   ?= -g
CPPFLAGS += -D_GNU_SOURCE -Iagent -Itests -I$(BUILD)

# Rewritten only when it changes, so that what includes it is built anew exactly then.
VERSION_H := \#define SECCOMPD_VERSION "$(or $(VERSION),0.0.0)"\n\#define SECCOMPD_REVISION "$(REVISION)"\n
$(shell mkdir -p $(BUILD) && printf '$(VERSION_H)' | cmp -s - $(BUILD)/version.h || printf '$(VERSION_H)' >$(BUILD)/version.h)
ALL_CFLAGS = -std=gnu17 $(OPT) $(WARNINGS) $(HARDEN) $(CFLAGS) $(EXTRA_CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) $(EXTRA_LDFLAGS)

pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg_libs   = $(shell pkg-config --libs $(1) 2>/dev/null)
CPPFLAGS  += $(call pkg_cflags,$(PKGS_PROFILE) $(PKGS_DAEMON) $(PKGS_CTL))

# V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-3s %s\n' $(1) $(2))

ROOMS   := base profile node report
sources  = $(sort $(wildcard agent/$(1)/*.c))
objects  = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
LIBS    := $(foreach room,report node profile base,$(BUILD)/lib$(room).a)

ORACLES := $(BUILD)/liboracles.a
$(ORACLES): $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/oracles/main.c,$(sort $(wildcard tests/oracles/*.c))))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/oracles: $(BUILD)/tests/oracles/main.o $(ORACLES) $(LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE))

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))

.PHONY: all
all: check-packages $(BUILD)/seccompd $(BUILD)/seccompctl ## Build build/seccompd and build/seccompctl

.PHONY: check-packages
check-packages:
	@tests/tools/packages.sh check build

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Linked in byte by byte, for --explain.
$(BUILD)/agent/ctl/rule_page.o: docs/rules.md

define room_library
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$(AR) rcs $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call room_library,$(room))))

$(BUILD)/seccompd: $(call objects,daemon) $(LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE) $(PKGS_DAEMON))

$(BUILD)/seccompctl: $(call objects,ctl) $(LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE) $(PKGS_CTL))

$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/support.o $(ORACLES) $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE) $(PKGS_DAEMON) $(PKGS_TEST))

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS)

# --- running ---

.PHONY: run
run: ## Run an embedded demo node until Ctrl-C (ONCE=1: until everything was shown)
	@tests/tools/packages.sh install build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@BUILD=$(BUILD) ONCE=$(ONCE) deploy/examples/demo.sh

# --- testing ---

PYTEST_ARGS ?=

.PHONY: test
test: ## Install what is missing, then run the unit and integration tests, real runc and crun included
	@tests/tools/packages.sh install build test
	@$(MAKE) --no-print-directory -j$(JOBS) all unit-tests
	@$(MAKE) --no-print-directory check-unit check-integration

.PHONY: check-unit
check-unit: all unit-tests
	@tests/tools/run-unit.sh $(UNIT_TESTS)

.PHONY: check-integration
check-integration: all
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider -rs tests/integration $(PYTEST_ARGS)

ORACLES_PAIRS ?= 1000000
ORACLES_SEED  ?= 1

.PHONY: oracles
oracles: ## The evaluators against libseccomp, the kernel and five runtimes (root, Go; ORACLES_PAIRS, ORACLES_SEED)
	@tests/tools/packages.sh install build test oracles
	@$(MAKE) --no-print-directory all $(BUILD)/oracles
	@$(BUILD)/oracles pairs --seed $(ORACLES_SEED) --pairs $(ORACLES_PAIRS)
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider -rsP tests/oracles $(PYTEST_ARGS)

.PHONY: e2e-systemd
e2e-systemd: ## The host unit under the real systemd (root; systemd-nspawn, a Debian made once)
	@tests/tools/packages.sh install build test systemd
	@$(MAKE) --no-print-directory all
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider -rs tests/e2e/test_systemd.py $(PYTEST_ARGS)

.PHONY: e2e-cri
e2e-cri: ## The image and the chart's pod under a real containerd, with runc and with crun (root, Go)
	@tests/tools/packages.sh install e2e image
	@tests/tools/go-tools.sh crictl helm >/dev/null
	@$(MAKE) --no-print-directory image
	@SECCOMPD_BUILD=$(BUILD) SECCOMPD_VERSION=$(VERSION) $(PYTHON) -m pytest -q -p no:cacheprovider -rs \
	        tests/e2e/test_cri.py $(PYTEST_ARGS)

CLUSTER_TOOLS := etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl helm crictl

.PHONY: e2e
e2e: ## The chart in a whole Kubernetes cluster on this machine (root, Go; the first time builds the cluster)
	@tests/tools/packages.sh install e2e image cluster
	@tests/tools/go-tools.sh $(CLUSTER_TOOLS) >/dev/null
	@$(MAKE) --no-print-directory image
	@SECCOMPD_BUILD=$(BUILD) SECCOMPD_VERSION=$(VERSION) tests/e2e/inside.sh $(PYTHON) -m pytest -q \
	        -p no:cacheprovider -rs tests/e2e/test_cluster.py $(PYTEST_ARGS)

.PHONY: e2e-missing
e2e-missing:
	@tests/tools/go-tools.sh --missing $(CLUSTER_TOOLS)

.PHONY: test-chart
test-chart: ## The Helm chart and deploy/, against a real kube-apiserver on loopback
	@tests/tools/packages.sh install build chart
	@tests/tools/go-tools.sh helm kubeconform kubectl etcd kube-apiserver >/dev/null
	@$(MAKE) --no-print-directory all
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider -rs tests/chart $(PYTEST_ARGS)

.PHONY: chart-readme
chart-readme: ## Make the table of values in the chart's README anew from values.yaml
	@tests/tools/packages.sh install chart
	@$(PYTHON) tests/tools/chart-readme.py

# Leaks are found too; the workers' confinement would forbid what the sanitizers do.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: check-asan
check-asan: ## Every test under ASan and UBSan (workers unconfined)
	@tests/tools/packages.sh install build test
	@for goals in "-j$(JOBS) all unit-tests" "check-unit check-integration"; do \
	        $(MAKE) --no-print-directory BUILD=$(BUILD)-asan OPT=-O1 \
	        EXTRA_CFLAGS="$(SANITIZE) -U_FORTIFY_SOURCE -DSECCOMPD_UNCONFINED" EXTRA_LDFLAGS="$(SANITIZE)" \
	        $$goals || exit 1; \
	done

.PHONY: coverage
coverage: ## Line coverage of agent/profile and agent/node by the unit and integration tests
	@tests/tools/packages.sh install build test coverage
	@rm -rf $(BUILD)-coverage
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-coverage OPT=-O0 \
	        EXTRA_CFLAGS="--coverage -U_FORTIFY_SOURCE -DSECCOMPD_UNCONFINED -DSECCOMPD_COVERAGE" EXTRA_LDFLAGS="--coverage" \
	        check-unit check-integration
	@gcovr --root . --object-directory $(BUILD)-coverage --filter 'agent/(profile|node)/' \
	        --exclude-unreachable-branches --print-summary --fail-under-line 90

# --- fuzzing ---

FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) $^ -o $@ \
	        -Wl,--wrap=policy_compile,--wrap=program_verify,--wrap=verify_paths $(call pkg_libs,$(PKGS_PROFILE))

$(BUILD)/fuzz/fuzz_check: $(BUILD)/tests/fuzz/splice.o

# The fuzzer is called at each comparison: most are made in these, with nothing to learn from them for a text.
$(addprefix $(BUILD)/agent/,base/suggest.o profile/argset.o profile/atoms.o profile/eval.o profile/points.o): \
	CFLAGS += $(FUZZ_UNTRACED)

.PHONY: fuzz fuzz-run
fuzz: ## libFuzzer on text scan, whole pipeline, BPF evaluator and wire formats (FUZZ_SECONDS=60 each)
	@tests/tools/packages.sh install build fuzz
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(BUILD)-fuzz CC=clang OPT=-O2 \
	        FUZZ_UNTRACED=-fno-sanitize-coverage=trace-cmp \
	        EXTRA_CFLAGS="$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link" EXTRA_LDFLAGS="$(FUZZ_FLAGS)" fuzz-run

fuzz-run: $(FUZZ_TARGETS)
	@tests/tools/fuzz.sh $(FUZZ_TARGETS)

# --- benches ---

BENCH :=
# Timed apart by standing between their callers and them.
WRAPPED := -Wl,--wrap=policy_compile,--wrap=eval_table_new,--wrap=program_verify,--wrap=verdict_compare

$(BUILD)/bench/bare: tests/bench/bare.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE))

$(BUILD)/bench/ours: $(BUILD)/tests/bench/ours.o $(BUILD)/libnode.a $(BUILD)/libprofile.a $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAPPED) $^ -o $@ $(call pkg_libs,$(PKGS_PROFILE))

.PHONY: bench-programs
bench-programs: $(BUILD)/bench/bare $(BUILD)/bench/ours

# Under callgrind the workers cannot be confined.
.PHONY: bench
bench: ## Measure against bounds of the same run; BENCH=NAME runs one, BENCH=help lists them
	@tests/tools/packages.sh install build test bench
	@$(MAKE) --no-print-directory all bench-programs
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-unconfined EXTRA_CFLAGS=-DSECCOMPD_UNCONFINED all
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -B tests/bench/bench.py $(BENCH)

# --- lint ---

C_FILES := $(sort $(wildcard agent/*/*.c agent/*/*.h tests/unit/*.c tests/unit/*.h tests/bench/*.c tests/fuzz/*.[ch] tests/oracles/*.[ch] tests/*.h))
C_SOURCES := $(filter %.c,$(C_FILES))
LINTED := $(addprefix lint-,format layers gcc clang tidy cppcheck shell man)

.PHONY: lint $(LINTED)
lint: ## Format, layers, gcc and clang with warnings as errors, clang-tidy, cppcheck, shellcheck, mandoc
	@tests/tools/packages.sh install build test lint
	@$(MAKE) --no-print-directory $(LINTED)
	@echo "lint: clean"

lint-format:
	@clang-format --dry-run --Werror $(C_FILES)

lint-layers:
	@tests/tools/check-layers.py agent

lint-gcc:
	@$(MAKE) --no-print-directory --silent -j$(JOBS) BUILD=$(BUILD)-gcc CC=gcc EXTRA_CFLAGS="-Werror" all unit-tests bench-programs $(BUILD)-gcc/oracles

lint-clang:
	@$(MAKE) --no-print-directory --silent -j$(JOBS) BUILD=$(BUILD)-clang CC=clang EXTRA_CFLAGS="-Werror" all unit-tests bench-programs $(BUILD)-clang/oracles

lint-tidy:
	@printf '%s\n' $(filter agent/% tests/bench/%,$(C_SOURCES)) | xargs -P 2 -I{} clang-tidy --quiet {} -- \
	        $(CPPFLAGS) -Itests/unit -std=gnu17 2>/dev/null

# memleak, resourceLeak: cppcheck does not know the cleanup attribute; the sanitizers find real ones.
# internalAstError: its parser gives up on compound literals with an empty list.
lint-cppcheck:
	@cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	        --suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak \
	        --suppress=internalAstError -D_GNU_SOURCE -D__GNUC__ -Iagent agent

lint-shell:
	@shellcheck $(wildcard tests/*/*.sh deploy/*/*.sh deploy/*/*.bash) .ci/run

lint-man:
	@mandoc -T lint -W warning docs/man/*

# --- installing ---

UNITDIR     ?= $(PREFIX)/lib/systemd/system
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
# What the service reads its options from: /etc/sysconfig where that is the custom.
DEFAULTSDIR ?= /etc/default
MANDIR      ?= $(PREFIX)/share/man
BASHDIR     ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR      ?= $(PREFIX)/share/zsh/site-functions
FISHDIR     ?= $(PREFIX)/share/fish/vendor_completions.d
MANPAGES    := $(notdir $(wildcard docs/man/*.[18]))

.PHONY: install
install: all ## Install below $(DESTDIR)$(PREFIX): programs, manual pages, completion, systemd unit
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(PREFIX)/sbin $(UNITDIR) $(TMPFILESDIR) \
	        $(DEFAULTSDIR) $(MANDIR)/man1 $(MANDIR)/man8 $(BASHDIR) $(ZSHDIR) $(FISHDIR))
	install -m 0755 $(BUILD)/seccompd $(DESTDIR)$(PREFIX)/sbin/seccompd
	install -m 0755 $(BUILD)/seccompctl $(DESTDIR)$(PREFIX)/bin/seccompctl
	install -m 0644 $(addprefix docs/man/,$(filter %.1,$(MANPAGES))) $(DESTDIR)$(MANDIR)/man1
	install -m 0644 $(addprefix docs/man/,$(filter %.8,$(MANPAGES))) $(DESTDIR)$(MANDIR)/man8
	install -m 0644 deploy/completion/seccompctl.bash $(DESTDIR)$(BASHDIR)/seccompctl
	install -m 0644 deploy/completion/_seccompctl $(DESTDIR)$(ZSHDIR)/_seccompctl
	install -m 0644 deploy/completion/seccompctl.fish $(DESTDIR)$(FISHDIR)/seccompctl.fish
	sed -e 's|/usr/sbin/seccompd|$(PREFIX)/sbin/seccompd|' -e 's|/etc/default/|$(DEFAULTSDIR)/|' \
	        deploy/systemd/seccompd.service >$(BUILD)/seccompd.service
	install -m 0644 $(BUILD)/seccompd.service $(DESTDIR)$(UNITDIR)/seccompd.service
	install -m 0644 deploy/systemd/seccompd.tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/seccompd.conf
	@# the owner's options are not overwritten
	test -e $(DESTDIR)$(DEFAULTSDIR)/seccompd || \
	        install -m 0644 deploy/systemd/seccompd.default $(DESTDIR)$(DEFAULTSDIR)/seccompd

.PHONY: uninstall
uninstall: ## Remove what install installed; the service's options and the profiles stay
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/sbin/seccompd $(PREFIX)/bin/seccompctl \
	        $(addprefix $(MANDIR)/man1/,$(filter %.1,$(MANPAGES))) \
	        $(addprefix $(MANDIR)/man8/,$(filter %.8,$(MANPAGES))) \
	        $(BASHDIR)/seccompctl $(ZSHDIR)/_seccompctl $(FISHDIR)/seccompctl.fish \
	        $(UNITDIR)/seccompd.service $(TMPFILESDIR)/seccompd.conf)

# --- the image ---

IMAGE_BUILD = BUILD=$(BUILD) VERSION=$(VERSION) REVISION=$(REVISION) deploy/image/build.sh

.PHONY: image
image: ## Build the container image (PLATFORM=amd64|arm64) and its archive in build/image
	@$(IMAGE_BUILD)

.PHONY: base-image
base-image: ## Make the Debian image that `make image` starts from, where none can be pulled (root)
	@deploy/image/base.sh

.PHONY: test-arm64
test-arm64: ## The unit tests as compiled for arm64 in the image's build stage, run by qemu
	@PLATFORM=$(or $(PLATFORM),arm64) TESTS=1 $(IMAGE_BUILD)

.PHONY: test-image
test-image: ## Build the image twice, compare, and run it under runc: read-only, no capability, no network
	@tests/tools/packages.sh install build test image
	@SECCOMPD_BUILD=$(BUILD) $(PYTHON) -m pytest -q -p no:cacheprovider -rs tests/e2e/test_image.py $(PYTEST_ARGS)

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BUILD) $(addprefix $(BUILD),-asan -coverage -gcc -clang -fuzz -unconfined)

.PHONY: help
help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
