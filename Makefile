# make            build the programs into bin/
# make demo       run a small sample and show it
# make test       everything that CI runs
# make web-shots  pictures of the web pages, into SHOTS
PREFIX ?= /usr/local
DESTDIR ?=
# One program is all listeners that come with it; each has a link, with a name of its own beside superlance's.
LISTENERS = memmon httpok crashmail fatalmailbatch
PROGRAMS = bin/supervisord bin/supervisorctl bin/echo_supervisord_conf bin/pidproxy bin/supervisor-listeners
# One way to build everything but the race detector's tests, so that the standard library is compiled once.
export CGO_ENABLED = 0
export GOFLAGS := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)
GOBUILD = go build -ldflags '-s -w'
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: all programs install demo test check unit ports lint cross faults reliability soak vuln record docs \
	conformance conformance-binary conformance-report config-diff session-diff config-bench bench mutants coverage \
	web-shots packages package-test first-hour test-repeat clean
all: programs

programs:
	@$(GOBUILD) -o bin/ ./supervisord ./supervisorctl ./supervisord/echo_supervisord_conf ./supervisord/pidproxy
	@$(GOBUILD) -o bin/supervisor-listeners ./supervisord/listeners
	@for l in $(LISTENERS); do ln -sf supervisor-listeners bin/supervisor-$$l || exit 1; done
	@$(GOBUILD) -o bin/sample-listener ./docs/examples/listener
	@$(GOBUILD) -o bin/sample-generator ./docs/examples/generator

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	for l in $(LISTENERS); do ln -sf supervisor-listeners $(DESTDIR)$(PREFIX)/bin/supervisor-$$l || exit 1; done

demo:
	@echo "building supervisord and supervisorctl, which takes a minute or two the first time"
	@$(GOBUILD) -o bin/ ./supervisord ./supervisorctl ./scripts/demo
	@exec bin/demo bin/supervisord bin/supervisorctl

# README's first command in a clean clone without any cache, and its page.
first-hour:
	FIRST_HOUR=1 go test ./scripts/demo -run TestFirstHour -count=1 -v -timeout 15m

# The reference half runs where the original is installed, which scripts/install-reference does for root.
test:
	@scripts/install-reference || echo "test: the original is not installed and cannot be without root: its half is skipped"
	$(MAKE) check
	$(MAKE) conformance
	$(MAKE) -j2 -Otarget faults first-hour
	$(MAKE) -j2 -Otarget soak package-test $$(test -x /usr/bin/supervisord && echo config-diff cross)
	@if [ -x /usr/bin/supervisord ]; then $(MAKE) conformance IMPL=reference; fi

# What compiles fills the time in which tests wait.
check:
	@echo "check: unit tests, builds for other systems and linters side by side, which takes some minutes"
	@$(MAKE) -j2 -Otarget unit ports lint

lint:
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); test -z "$$bad" || { echo "gofmt: $$bad"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# What takes longest goes first, so that it does not run alone in the end.
LONGEST = ./internal/web ./supervisord ./internal/ctl ./docs
unit: programs
	@scripts/install-compiler || echo "check: there is no C compiler: the unit tests run without the race detector"
	@scripts/install-browser || echo "check: there is no browser: the tests of the web pages in one are skipped"
	race=; if command -v gcc >/dev/null; then race=-race; export CGO_ENABLED=1; fi; go test -timeout 20m $$race $(LONGEST) \
		$$(go list ./... | grep -vE '/supervisor/(conformance(/faults)?|scripts/package|docs/container)$$')

# The other systems and processors that must at least build.
ports:
	GOOS=darwin go build ./...
	GOOS=freebsd go vet ./...
	GOARCH=arm64 go build ./...

# The same session with each supervisorctl and each supervisord, the original's and ours; needs the original.
cross: programs
	CROSS=$(CURDIR)/bin go test ./internal/ctl -run TestCross -count=1 -v -timeout 10m

# Requests and responses of every method and every fault, as tests read them: of ours, and of the original if installed.
record: programs
	go run ./conformance/record -daemon bin/supervisord -o fixtures/rpc/ours.txtar
	if [ -x /usr/bin/supervisord ]; then go run ./conformance/record -daemon /usr/bin/supervisord -python -o fixtures/rpc/original.txtar; fi

# The pages and parts of pages that are made from the source; tests hold the two together.
docs:
	go test ./internal/rpc -run TestReference -count=1 -update
	go test ./internal/events -run TestReference -count=1 -update
	go test ./docs -run 'TestMessages|TestImports' -count=1 -update
	go test ./conformance -run TestCoveragePage -count=1 -update-coverage

# The scripts, against ours, IMPL=reference, or any SUPERVISORD= SUPERVISORCTL=.
IMPL ?= ours
conformance: programs
	IMPL=$(IMPL) go test ./conformance -count=1 -timeout 30m

# The suite as one program, for whoever has neither this tree nor Go: bin/conformance -supervisord /usr/bin/supervisord
conformance-binary:
	@$(GOBUILD) -o bin/conformance ./conformance/cmd/conformance

# A table of all behaviors and the results of both implementations: > docs/reports/conformance.md
conformance-report: programs
	@IMPL=ours go test -json ./conformance -count=1 -timeout 30m > bin/ours.json || true
	@IMPL=reference go test -json ./conformance -count=1 -timeout 30m > bin/reference.json || true
	@go run ./conformance/report -ours bin/ours.json -reference bin/reference.json

# What happens when things go wrong, with figures: full disks, limits, signals, thousands of exits. Some need root.
faults: programs
	IMPL=$(IMPL) go test ./conformance/faults -skip TestSoak -count=1 -timeout 30m

# The same on both, and docs/reports/reliability.md. What the original fails is in the report and no error.
reliability: programs
	@rm -f bin/faults-ours bin/faults-reference
	FAULTS_RESULTS=$(CURDIR)/bin/faults-ours IMPL=ours go test ./conformance/faults -count=1 -timeout 30m
	-FAULTS_RESULTS=$(CURDIR)/bin/faults-reference IMPL=reference go test ./conformance/faults -count=1 -timeout 60m
	go run ./conformance/faults/report -ours bin/faults-ours -reference bin/faults-reference

# Random operations against a model of what must hold, for DURATION; SEED repeats a run.
DURATION ?= 2m
soak: programs
	SOAK_DURATION=$(DURATION) SOAK_SEED=$(SEED) go test ./conformance/faults -run TestSoak -count=1 -v -timeout 24h

# Known vulnerabilities of what we depend on. It needs the data of vuln.go.dev, which is not everywhere to be had.
vuln:
	go run golang.org/x/vuln/cmd/govulncheck@latest ./... || echo "vuln: nothing is known: vuln.go.dev cannot be reached, or see above"

# Ours and the installed original on CONFIGS generated configurations; CI runs this seed.
CONFIGS ?= 2000
SEED ?= 1
LIVE ?= 20
config-diff: programs
	go run ./conformance/configdiff -n $(CONFIGS) -seed $(SEED) -live $(LIVE)

# Ours and the installed original through SESSIONS made-up sessions of calls and commands. About five minutes.
SESSIONS ?= 60
session-diff: programs
	go run ./conformance/sessiondiff -n $(SESSIONS) -seed $(SEED)

# Reading 10,000 programs from 1,000 files, beside the original.
config-bench: programs
	go run ./conformance/configdiff -bench

bench: programs
	@go build -o bin/bench ./scripts/bench
	@bin/bench $(BENCH)

# What the tests notice: MUTANTS='-n 210 -seed 1' small defects, one at a time. Takes an hour; needs root, for a sandbox.
mutants: programs
	@go build -o bin/mutants ./conformance/mutants
	@bin/mutants $(MUTANTS)

# The statements that unit tests, scripts and both together reach, by package: > docs/reports/coverage.md
coverage:
	@scripts/coverage

# All tests N times, none of them out of Go's cache of results; what a run printed is in bin/test-N.txt.
N ?= 10
test-repeat:
	@mkdir -p bin; failed=0; for i in $$(seq $(N)); do \
		from=$$(date +%s); GOFLAGS='$(GOFLAGS) -count=1' $(MAKE) test >bin/test-$$i.txt 2>&1 && how=passed || { how=FAILED; failed=1; }; \
		echo "run $$i of $(N): $$how in $$(($$(date +%s) - from)) s"; done; exit $$failed

# Packages for Debian, for systems with RPM and for Alpine, into DIST.
DIST ?= bin/packages
packages:
	scripts/package/build $(DIST)

# What docs/packages.md and docs/containers.md say, tried out. Most of it needs root: in copies of this machine that vanish.
package-test: programs
	COMPRESSION=gzip scripts/package/build bin/packages-test
	@scripts/install-site || echo "package-test: without nginx, php-fpm and bsdtar the tests that need them are skipped"
	PACKAGES=$(CURDIR)/bin/packages-test go test ./scripts/package ./docs/container -count=1 -timeout 30m

SHOTS ?= bin/shots
web-shots:
	@scripts/install-browser
	go test ./internal/web -run TestShots -count=1 -shots $(abspath $(SHOTS))

clean:
	rm -rf bin
