# SPDX-License-Identifier: Apache-2.0
# Every command a contributor needs. Where make itself is missing, scripts/demo and .ci/run do what
# `make demo` and `make ci` do: they need only a Swift toolchain and apt.

SHELL   := /bin/bash
BINARY  := .build/release/forktopsy
SOURCES := Sources Tests Plugins Package.swift Benchmarks/Sources Benchmarks/Tests \
           Benchmarks/Package.swift
# Bounds the compilers that run at once: make JOBS=1 on a small machine.
JOBS    ?= $(shell nproc)
SWIFT_BUILD := swift build -j $(JOBS)

# Benchmarks: make bench QUICK=1 for small inputs. Full size needs 12 GB in BENCH_DATA.
BENCH_DATA  ?= /var/tmp/forktopsy-bench
BENCH_FLAGS := --data $(BENCH_DATA) $(if $(QUICK),--quick --rounds 3)
BENCH       := Benchmarks/.build/release/bench

.PHONY: build test check fmt golden docs bench bench-scaling bench-tail bench-lines bench-build \
        release reproduce install-deps demo ci clean fuzz faults faults-live sanitize sbom

build:                  ## a release binary, .build/release/forktopsy
	$(SWIFT_BUILD) -c release

test:                   ## every test
	swift test -j $(JOBS)

check: build            ## formatting, patterns and generated documents are in order
	swift format lint --strict --recursive $(SOURCES)
	$(BINARY) patterns check
	scripts/docs --check

fmt:                    ## formats the Swift code
	swift format --in-place --recursive $(SOURCES)

golden:                 ## records expected/ of every sample anew, and fails so that the diff is read
	FORKTOPSY_RECORD=1 swift test -j $(JOBS) --filter SampleLogTests || true
	git --no-pager diff --stat -- SampleLogs
	@echo "Read 'git diff SampleLogs' before you commit it."
	@test -z "$$(git status --porcelain -- SampleLogs)"

docs:                   ## writes docs/patterns.md, docs/causes.md and the README's excerpt from their sources
	scripts/docs

bench: bench-build release      ## the released binary beside its peers; writes Benchmarks/results
	$(BENCH) table --binary dist/forktopsy $(BENCH_FLAGS)

bench-scaling: bench-build release  ## time against size, events, patterns, servers, files; docs/scaling.svg
	$(BENCH) scaling --binary dist/forktopsy $(BENCH_FLAGS)

bench-tail: bench-build release ## following: latency, idle cost, a storm (MINUTES=60); docs/tail-memory.svg
	$(BENCH) tail --binary dist/forktopsy $(BENCH_FLAGS) --minutes $(or $(MINUTES),1)

bench-lines: bench-build build  ## what a line costs, by kind and, with perf, by stage
	$(BENCH) lines $(BENCH_FLAGS) --binary $(BINARY)

bench-build:
	$(SWIFT_BUILD) -c release --package-path Benchmarks

fuzz:                   ## every reader under libFuzzer and the address sanitizer; SECONDS_EACH of them (60)
	JOBS=$(JOBS) scripts/fuzz $(or $(SECONDS_EACH),60)

faults-live: build      ## rotations and kill -9 under a log that is followed; RUNS=1000
	FORKTOPSY_FAULT_RUNS=$(or $(RUNS),100) FORKTOPSY_BINARY=$(BINARY) swift test --filter FaultTests

faults: build           ## the faults of docs/reliability.md, a hundredth of their size; FULL=1 for all of it
	scripts/faults --binary $(BINARY) $(if $(FULL),--full)

# A crash must end, not wait for its backtrace. What leaks in the tests is Foundation's own (Process, Data);
# docs/reliability.md says how the program is tried for leaks.
sanitize: export SWIFT_BACKTRACE = enable=no
sanitize: export ASAN_OPTIONS = detect_leaks=0
sanitize: export TSAN_OPTIONS = suppressions=$(CURDIR)/scripts/thread-sanitizer.txt
sanitize:               ## every test under the address sanitizer, then under the thread sanitizer
	swift test -j $(JOBS) --disable-xctest --scratch-path .build-address --sanitize address
	swift test -j $(JOBS) --disable-xctest --scratch-path .build-thread --sanitize thread

sbom:                   ## what a release is made of, as CycloneDX: dist/forktopsy.cdx.json
	swift package resolve
	scripts/sbom

release:                ## one file that needs no library but libc: dist/forktopsy
	scripts/release

reproduce:              ## two clean builds of the last commit, in two folders, must give the same bytes
	JOBS=$(JOBS) scripts/reproduce

install-deps:           ## what apt has to bring to build; scripts/install-deps --tests adds the tests' tools
	scripts/install-deps

demo:                   ## what scripts/demo does: installs, builds, prints the report of a sample
	JOBS=$(JOBS) scripts/demo

ci:                     ## what .ci/run does: installs, checks, runs every test
	JOBS=$(JOBS) .ci/run

clean:
	rm -rf .build Benchmarks/.build dist
