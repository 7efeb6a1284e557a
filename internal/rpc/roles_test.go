package rpc

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// TestRoles checks that no method lacks a least role, and that those that the original has are as the documentation groups them.
func TestRoles(t *testing.T) {
	for _, m := range slices.Concat(table, twiddler) {
		if m.Role < access.Read {
			t.Errorf("%s has the least role %q", m.Name, m.Role)
		}
	}
	for name, want := range map[string]access.Role{"getState": access.Read, "readLog": access.Read, "getAllConfigInfo": access.Read,
		"tailProcessStdoutLog": access.Read, "startProcess": access.Control, "signalAllProcesses": access.Control,
		"sendProcessStdin": access.Control, "sendRemoteCommEvent": access.Control, "clearAllProcessLogs": access.Control, "clearLog": access.Full,
		"shutdown": access.Full, "reloadConfig": access.Full, "addProcessGroup": access.Full} {
		if got := mainMethods[name].Role; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, m := range twiddlerMethods("") {
		if m.Role != access.Full {
			t.Errorf("twiddler.%s: %s", m.Name, m.Role)
		}
	}
}

// as calls a method as a caller, and returns the body of the answer.
func as(t testing.TB, s *Server, c *access.Caller, method string, params ...any) string {
	t.Helper()
	body, err := kolo.EncodeMethodCall(method, params...)
	if err != nil {
		t.Fatal(err)
	}
	response, done, status := s.ServeXMLRPC(access.With(context.Background(), c), body, nil)
	if done != nil {
		defer done()
	}
	if status != http.StatusOK {
		t.Fatalf("%s: status %d", method, status)
	}
	return string(response)
}

// covers: ACC-1
// TestEveryMethodAndRole calls each method with each role, alone and in a multicall. The parameters are wrong, so that what is allowed does
// nothing: that is fault 2.
func TestEveryMethodAndRole(t *testing.T) {
	s := serve(t)
	var wrong []any
	for range 9 {
		wrong = append(wrong, "x")
	}
	for name, m := range s.methods {
		for role := access.None; role <= access.Full; role++ {
			c := &access.Caller{User: "alice", Role: role}
			want := "<int>2</int>"
			if role < m.Role {
				want = "NOT_ALLOWED: alice may not call " + name
			}
			if got := as(t, s, c, name, wrong...); !strings.Contains(got, want) {
				t.Errorf("%s as %s: %s", name, role, got)
			}
			if name == "system.multicall" || role < access.Read {
				continue
			}
			got := as(t, s, c, "system.multicall", []any{map[string]any{"methodName": name, "params": wrong},
				map[string]any{"methodName": "supervisor.getIdentification", "params": []any{}}})
			if !strings.Contains(got, want) || !strings.Contains(got, ">test<") {
				t.Errorf("%s in a multicall as %s: %s", name, role, got)
			}
		}
	}
}

// covers: ACC-2
// TestOthersDoNotExist calls each method that takes a name with that of a program of another user, and with one that does not exist: both
// answers are the same. Methods about supervisord are refused.
func TestOthersDoNotExist(t *testing.T) {
	s := serve(t, program("web", "/bin/cat", "web"), program("database", "/bin/cat", "database"), program("mixed", "/bin/cat", "web_1", "database"))
	policy := access.New([]access.Rules{{}}, []access.User{{Name: "alice", Password: "a", Role: access.Full, Programs: []string{"web*", "mixed:web_*"}}}, nil)
	v := policy.Gate(0).Judge(access.Credentials{Authorization: "Basic YWxpY2U6YQ==", Fields: 1})
	if v.Caller == nil {
		t.Fatal(v)
	}
	alice, named := v.Caller, 0
	for name, m := range s.methods {
		if name != "supervisor."+strings.TrimPrefix(m.Name, "supervisor.") && name != m.Name {
			continue
		}
		var params []any
		for _, p := range m.Params {
			if p.Optional {
				break
			}
			switch p.Type {
			case "int":
				params = append(params, 0)
			case "signal":
				params = append(params, "INT")
			default:
				params = append(params, "x")
			}
		}
		if m.Daemon {
			if got := as(t, s, alice, name, params...); !strings.Contains(got, "NOT_ALLOWED") {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		i := slices.IndexFunc(m.Params, func(p Param) bool { return p.Name == "name" })
		if i < 0 {
			if len(m.Params) == 0 || m.Params[0].Optional || m.Params[0].Name == "signal" {
				if got := as(t, s, alice, name, params...); strings.Contains(got, "database") {
					t.Errorf("%s shows what belongs to others: %s", name, got)
				}
			}
			continue
		}
		if i >= len(params) {
			params = append(params, "")
		}
		named++
		for _, pair := range [][2]string{{"database", "absent"}, {"database:database", "absent:absent"}, {"database:*", "absent:*"},
			{"mixed:database", "absent:absent"}, {"mixed:*", "absent:*"}, {"mixed", "absent"}, {"mixed:absent", "absent:absent"}} {
			var answers, inMulticall [2]string
			for k, text := range pair {
				params[i] = text
				answers[k] = strings.ReplaceAll(as(t, s, alice, name, params...), text, "NAME")
				inMulticall[k] = strings.ReplaceAll(as(t, s, alice, "system.multicall", []any{map[string]any{"methodName": name, "params": params}}), text, "NAME")
			}
			if answers[0] != answers[1] || inMulticall[0] != inMulticall[1] {
				t.Errorf("%s(%s) differs from %s:\n%s\n%s\nor in a multicall:\n%s\n%s", name, pair[0], pair[1], answers[0], answers[1],
					inMulticall[0], inMulticall[1])
			}
		}
	}
	if named < 15 {
		t.Errorf("only %d methods take a name", named)
	}
	for _, name := range []string{"web", "mixed:web_1", "web:*"} {
		if got := as(t, s, alice, "supervisor.startProcess", name, false); strings.Contains(got, "BAD_NAME") {
			t.Errorf("%s: %s", name, got)
		}
	}
	count := func(method string) int {
		v, fault, err := xmlrpc.ParseResponse([]byte(as(t, s, alice, method)))
		if fault != nil || err != nil {
			t.Fatal(method, fault, err)
		}
		return len(v.Items)
	}
	got := fmt.Sprint(count("supervisor.getAllProcessInfo"), count("supervisor.getAllConfigInfo"), count("supervisor.stopAllProcesses"))
	if got != "2 2 2" {
		t.Errorf("numbers of processes: %s", got)
	}
	if all, _ := call(t, s, "supervisor.getAllProcessInfo"); len(all.Items) != 4 {
		t.Errorf("others see %d processes", len(all.Items))
	}
}
