package ctl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// upgraded is an answer of upgrade.
func upgraded(from, to, note string) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		e.BeginStruct()
		for _, m := range [][2]string{{"from", from}, {"to", to}, {"note", note}} {
			e.Member(m[0])
			e.String(m[1])
		}
		e.EndStruct()
		return 0, ""
	}
}

// inTurn gives one answer after the other, and the last one again.
func inTurn(answers ...answer) answer {
	return func(e *xmlrpc.Encoder) (int, string) {
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return a(e)
	}
}

// TestUpgrade checks what the command asks for, prints and returns.
// covers: L12-f
func TestUpgrade(t *testing.T) {
	isBusy := fault(30, "FAILED: upgrade refused: busy: disk.scan has not ended")
	usage := find("upgrade").help + "\n"
	for _, test := range []struct {
		line   string
		answer answer
		out    string
		stderr string
		calls  string // "upgrade" if it is not set
		status int
	}{
		{line: "upgrade", answer: upgraded("5.1.0", "5.2.0", ""), out: "supervisord: upgraded from 5.1.0 to 5.2.0\n"},
		{line: "upgrade", answer: upgraded("5.2.0", "5.2.0", ""), out: "supervisord: 5.2.0 restarted in place\n"},
		{line: "upgrade --dry-run", answer: upgraded("5.1.0", "5.2.0", ""), out: "supervisord: 5.2.0 can take over from 5.1.0\n"},
		{line: "upgrade", answer: upgraded("5.1.0", "5.2.0", "the configuration has an error, update will refuse it: x"),
			out: "supervisord: upgraded from 5.1.0 to 5.2.0\n", stderr: "note: the configuration has an error, update will refuse it: x\n"},
		{line: "upgrade", answer: fault(30, "FAILED: upgrade refused: /bin/x: not a supervisord that can take over"),
			out: "ERROR: upgrade refused: /bin/x: not a supervisord that can take over\n", status: 1},
		{line: "upgrade", answer: fault(30, "FAILED: upgrade failed, 5.1.0 goes on: cannot execute /bin/x: ENOMEM"),
			out: "ERROR: upgrade failed, 5.1.0 goes on: cannot execute /bin/x: ENOMEM\n", status: 1},
		{line: "upgrade", answer: fault(30, "FAILED: an upgrade is going on"), out: "ERROR: an upgrade is going on\n", status: 1},
		{line: "upgrade", answer: fault(6, "SHUTDOWN_STATE"), out: "ERROR: shutting down\n", status: 1},
		{line: "upgrade", answer: fault(1, "UNKNOWN_METHOD"), out: "ERROR: the server cannot do this: supervisor.upgrade\n", status: 1},
		{line: "upgrade", answer: inTurn(isBusy, isBusy, upgraded("5.1.0", "5.2.0", "")), out: "supervisord: upgraded from 5.1.0 to 5.2.0\n",
			calls: "upgrade, upgrade, upgrade"},
		{line: "upgrade --timeout 0.1", answer: isBusy, status: 8,
			out: "ERROR: upgrade refused: busy: disk.scan has not ended\nERROR: timed out after 100ms\n"},
		{line: "upgrade web", out: "Error: upgrade takes no names\n" + usage, status: 2, calls: "none"},
		{line: "upgrade --timeout soon", out: "Error: bad timeout soon\n", status: 2, calls: "none"},
		{line: "complete cur=upg", out: "upgrade\n", calls: "none"},
	} {
		f := startFake(t, map[string]answer{"upgrade": test.answer})
		out, stderr, status := runOurs(f.URL, "", test.line)
		if diff := cmp.Diff(test.out+test.stderr, out+stderr); diff != "" || status != test.status {
			t.Errorf("%q: exit status %d, want %d; -want +got\n%s", test.line, status, test.status, diff)
		}
		want := test.calls
		switch want {
		case "":
			want = "upgrade"
		case "none":
			want = ""
		}
		if calls := strings.Join(f.calls, ", "); calls != want {
			t.Errorf("%q: calls %q, want %q", test.line, calls, want)
		}
	}
}
