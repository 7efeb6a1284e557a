// Package faults tests supervisord under faults: full disks, missing descriptors, thousands of exits at once, storms of signals.
// Its tests run the real programs from outside, as package conformance does, and measure bytes written and bytes logged, and
// descriptors, threads, memory and zombies before and after.
//
//	make faults                    # ours
//	make faults IMPL=reference     # the original; what it fails is in docs/reports/reliability.md
//	make reliability               # both, and docs/reports/reliability.md
//	make soak DURATION=10m SEED=7  # random operations against a model
//
// IMPL and SUPERVISORD are those of package conformance. FAULTS_RESULTS names a file to which the results of each case are appended
// as a line of JSON. Most cases need Linux, some need root for namespaces; they are skipped elsewhere. Cases never sleep: they wait
// for a line, a state, a file or the end of a process.
package faults
