# make            build the programs into bin/
# make demo       run a small sample and show it
# make test       everything that CI runs
# make help       all targets
PREFIX ?= /usr/local
DESTDIR ?=
# The links to supervisor-listeners; without the prefix, these are the names of superlance's programs.
LISTENERS = memmon httpok crashmail fatalmailbatch
PROGRAMS = bin/supervisord bin/supervisorctl bin/echo_supervisord_conf bin/pidproxy bin/supervisor-listeners bin/supervisorctl-top \
	bin/supervisor-notify
# All builds but those for the race detector use the same settings, so that the standard library is compiled once.
export CGO_ENABLED = 0
export GOFLAGS := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)
GOBUILD = go build -ldflags '-s -w'
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: all help programs install demo test reference check unit ports lint cross faults reliability soak vuln record docs upstream-e2e \
	conformance conformance-binary conformance-report config-diff session-diff config-bench bench mutants coverage \
	web-shots packages package-test first-hour test-repeat clean
all: programs
	@echo "the programs are in bin/; make help lists what else there is"

# help prints the texts after ## in this file, by group; * marks targets that install packages as root.
help:
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  %-19s %s\n", $$1, $$2 } \
		END { print "\n* as root this installs Debian packages that it needs, and names them first; not with SETUP=no" }' Makefile

##@ Build

programs: ## build all programs into bin/; make alone does it, too
	@$(GOBUILD) -o bin/ ./supervisord ./supervisorctl ./supervisord/echo_supervisord_conf ./supervisord/pidproxy
	@$(GOBUILD) -o bin/supervisor-listeners ./supervisord/listeners
	@$(GOBUILD) -o bin/supervisorctl-top ./scripts/top
	@for l in $(LISTENERS); do ln -sf supervisor-listeners bin/supervisor-$$l || exit 1; done
	@$(GOBUILD) -o bin/supervisor-fleet ./scripts/fleet
	@$(GOBUILD) -o bin/supervisor-fleet-hub ./scripts/fleethub
	@ln -sf supervisor-fleet bin/supervisorctl-fleet
	@$(GOBUILD) -o bin/supervisor-notify ./scripts/notify
	@$(GOBUILD) -o bin/sample-listener ./docs/examples/listener
	@$(GOBUILD) -o bin/sample-generator ./docs/examples/generator

install: programs ## install them below PREFIX (/usr/local), in DESTDIR
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	for l in $(LISTENERS); do ln -sf supervisor-listeners $(DESTDIR)$(PREFIX)/bin/supervisor-$$l || exit 1; done

demo: ## run a small sample, and show its status and its web page
	@echo "building supervisord and supervisorctl, which takes a minute or two the first time"
	@$(GOBUILD) -o bin/ ./supervisord ./supervisorctl ./scripts/demo
	@exec bin/demo bin/supervisord bin/supervisorctl

clean: ## remove bin/
	rm -rf bin

##@ Test

# The comparisons with the original are left out where it is not installed.
test: ## * everything that CI runs
	@scripts/setup -n reference pexpect compiler browser terminal site roots syslog prometheus
	@scripts/setup prometheus || echo "test: there is no Prometheus: what it would check is skipped"
	@scripts/setup syslog || echo "test: there is no rsyslogd: what sends to it is skipped"
	@scripts/setup reference || echo "test: the original is not installed: what compares with it is skipped"
	$(MAKE) check
	$(MAKE) conformance
	$(MAKE) -j2 -Otarget faults $$(test -x /usr/bin/supervisord && echo reference) soak package-test first-hour \
		$$(test -x /usr/bin/supervisord && echo config-diff cross upstream-e2e)

# Compilation uses the time in which tests wait.
check: ## * unit, ports and lint, side by side
	@scripts/setup -n compiler browser terminal
	@echo "check: unit tests, builds for other systems and linters side by side, which takes some minutes"
	@$(MAKE) -j2 -Otarget unit ports lint

# The packages that take longest go first, so that none runs alone at the end.
LONGEST = ./internal/web ./supervisord ./internal/ctl ./docs
unit: programs ## * unit tests, with the race detector if there is a C compiler
	@scripts/setup -n compiler browser terminal
	@scripts/setup terminal || echo "unit: there is no tmux: the tests of the full-screen view in a terminal are skipped"
	@scripts/setup compiler || echo "unit: there is no C compiler: the tests run without the race detector"
	@scripts/setup browser || echo "unit: there is no browser: the tests of the web pages in one are skipped"
	race=; if command -v gcc >/dev/null; then race=-race; export CGO_ENABLED=1; fi; go test -timeout 20m $$race $(LONGEST) \
		$$(go list ./... | grep -vE '/supervisor/(conformance(/faults|/upstream)?|scripts/package|docs/container)$$')

lint: ## gofmt, go vet and staticcheck
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); test -z "$$bad" || { echo "gofmt: $$bad"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

ports: ## builds for macOS, FreeBSD and arm64
	GOOS=darwin go build ./...
	GOOS=freebsd go vet ./...
	GOARCH=arm64 go build ./...

IMPL ?= ours
conformance: programs ## all scripts, on ours, IMPL=reference, or any SUPERVISORD= SUPERVISORCTL=
	IMPL=$(IMPL) go test -C conformance -count=1 -timeout 30m

# For make test; it does not build the programs anew while other targets run them.
reference: programs
	IMPL=reference go test -C conformance -count=1 -timeout 30m

upstream-e2e: programs ## * the original's own end-to-end tests, on our programs; IMPL=reference
	@scripts/setup -n reference pexpect
	@scripts/setup reference pexpect || echo "upstream-e2e: without Debian's supervisor and python3-pexpect it is skipped"
	IMPL=$(IMPL) go test ./conformance/upstream -count=1 -parallel 4 -v -timeout 10m

# Some of them need root.
faults: programs ## full disks, limits, signals, thousands of exits; IMPL=reference
	IMPL=$(IMPL) go test ./conformance/faults -skip TestSoak -count=1 -timeout 30m

DURATION ?= 2m
soak: SEED = $$(date +%Y%m%d)
soak: programs ## random operations against a model of what must hold; DURATION=2m, SEED= the date
	SOAK_DURATION=$(DURATION) SOAK_SEED=$(SEED) go test ./conformance/faults -run TestSoak -count=1 -v -timeout 24h

first-hour: ## README's first command in a clean clone without any cache, until its page answers
	FIRST_HOUR=1 go test ./scripts/demo -run TestFirstHour -count=1 -v -timeout 15m

# No run uses cached results of tests. The output of a run is in bin/test-N.txt.
N ?= 10
test-repeat: ## * all tests, N=10 times
	@mkdir -p bin; failed=0; for i in $$(seq $(N)); do \
		from=$$(date +%s); GOFLAGS='$(GOFLAGS) -count=1' $(MAKE) test >bin/test-$$i.txt 2>&1 && how=passed || { how=FAILED; failed=1; }; \
		echo "run $$i of $(N): $$how in $$(($$(date +%s) - from)) s"; done; exit $$failed

# It needs the data of vuln.go.dev, which is not reachable from everywhere.
vuln: ## known vulnerabilities of the dependencies
	go run golang.org/x/vuln/cmd/govulncheck@latest ./... || echo "vuln: no result: vuln.go.dev cannot be reached, or see above"

##@ Judge: compare with the original, and the tests with the code

cross: programs ## one session with each supervisorctl and each supervisord, the original's and ours
	CROSS=$(CURDIR)/bin go test ./internal/ctl -run TestCross -count=1 -v -timeout 10m

CONFIGS ?= 2000
SEED ?= 1
LIVE ?= 20
config-diff: programs ## generated configurations, read by both; CONFIGS=2000, SEED=1, LIVE=20 are started
	go run ./conformance/configdiff -n $(CONFIGS) -seed $(SEED) -live $(LIVE)

SESSIONS ?= 60
session-diff: programs ## generated sessions of calls and commands with both, in five minutes; SESSIONS=60, SEED=1
	go run ./conformance/sessiondiff -n $(SESSIONS) -seed $(SEED)

conformance-report: programs ## all scripts and both results, as Markdown: > docs/reports/conformance.md
	@IMPL=ours go test -json ./conformance -count=1 -timeout 30m > bin/ours.json || true
	@IMPL=reference go test -json ./conformance -count=1 -timeout 30m > bin/reference.json || true
	@go run ./conformance/report -ours bin/ours.json -reference bin/reference.json

conformance-binary: ## all scripts as one program that needs neither this tree nor Go, bin/conformance
	@$(GOBUILD) -o bin/conformance ./conformance/cmd/conformance

# Failures of the original are in the report, and are no error.
reliability: programs ## faults on both, and docs/reports/reliability.md
	@rm -f bin/faults-ours bin/faults-reference
	FAULTS_RESULTS=$(CURDIR)/bin/faults-ours IMPL=ours go test ./conformance/faults -count=1 -timeout 30m
	-FAULTS_RESULTS=$(CURDIR)/bin/faults-reference IMPL=reference go test ./conformance/faults -count=1 -timeout 60m
	go run ./conformance/faults/report -ours bin/faults-ours -reference bin/faults-reference

record: programs ## write fixtures/rpc: requests and responses of every method and fault, of both
	go run ./conformance/record -daemon bin/supervisord -o fixtures/rpc/ours.txtar
	go run ./conformance/record -daemon bin/supervisord -own -o fixtures/rpc/own.txtar
	if [ -x /usr/bin/supervisord ]; then go run ./conformance/record -daemon /usr/bin/supervisord -python -o fixtures/rpc/original.txtar; fi

# The sandbox for code that is wrong on purpose needs root.
mutants: programs ## small defects, one at a time, and which of them the tests notice, in an hour; MUTANTS='-n 210 -seed 1'
	@go build -o bin/mutants ./conformance/mutants
	@bin/mutants $(MUTANTS)

coverage: ## what unit tests, scripts and both reach, by package: > docs/reports/coverage.md
	@scripts/coverage

##@ Measure

bench: programs ## * ours and the original by turns, and runit and s6; BENCH='-only start -repeat 5'
	@scripts/setup -n peers
	@scripts/setup peers || echo "bench: without runit or s6 their columns are missing"
	@go build -o bin/bench ./scripts/bench
	@bin/bench $(BENCH)

config-bench: programs ## reading 10,000 programs from 1,000 files, with both
	go run ./conformance/configdiff -bench

##@ Package

DIST ?= bin/packages
packages: ## packages for Debian, for systems with RPM and for Alpine, into DIST
	scripts/package/build $(DIST)

# Most tests need root: they install the packages in temporary copies of this machine.
package-test: programs ## * build and try the packages and the container
	@scripts/setup -n site roots
	COMPRESSION=gzip scripts/package/build bin/packages-test
	@scripts/setup site roots || echo "package-test: without nginx, php-fpm, bsdtar, rpm and busybox the tests that need them are skipped"
	PACKAGES=$(CURDIR)/bin/packages-test go test ./scripts/package ./docs/container -count=1 -timeout 30m

##@ Docs

# Tests fail if a page differs from the source.
docs: ## write the pages and parts of pages that are made from the source
	go test ./internal/rpc -run TestReference -count=1 -update
	go test ./internal/rest -run TestPage -count=1 -update
	go test ./internal/events -run TestReference -count=1 -update
	go test ./internal/metrics -run TestReference -count=1 -update
	go test ./internal/config -run 'TestReference|TestSampleIsComplete' -count=1 -update
	go test ./docs -run 'TestMessages|TestImports|TestBudgets|TestAttacks' -count=1 -update
	go test ./conformance -run TestCoveragePage -count=1 -update-coverage

SHOTS ?= bin/shots
web-shots: programs ## * pictures of the web pages and of supervisorctl top, into SHOTS
	@scripts/setup -n browser terminal
	@scripts/setup browser terminal
	mkdir -p $(SHOTS)
	go test ./scripts/top -run TestPicture -count=1 -picture $(abspath $(SHOTS))/top.svg
	go test ./internal/web -run TestShots -count=1 -shots $(abspath $(SHOTS))
