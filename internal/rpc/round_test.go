package rpc

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// raw asks for all processes as the server of HTTP does.
func raw(t *testing.T, s *Server) (response []byte, done func()) {
	t.Helper()
	body, err := kolo.EncodeMethodCall("supervisor.getAllProcessInfo")
	if err != nil {
		t.Fatal(err)
	}
	response, done, status := s.ServeXMLRPC(context.Background(), body, nil)
	if status != 200 || done == nil {
		t.Fatalf("status %d", status)
	}
	return response, done
}

// TestRounds shows that an answer does for all who ask in its second, that a change ends it at once, and that nobody's
// answer is overwritten while it is sent.
func TestRounds(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	var first, second []byte
	for range 50 { // but for the turn of a second, the first time
		one, done := raw(t, s)
		two, done2 := raw(t, s)
		first, second = one, two
		done()
		done2()
		if &first[0] == &second[0] {
			break
		}
	}
	if &first[0] != &second[0] {
		t.Error("two who ask one after the other get two answers")
	}
	held, done := raw(t, s)
	before := slices.Clone(held)
	for i, want := range []string{"RUNNING", "STOPPED", "RUNNING", "STOPPED"} {
		method := []string{"supervisor.startProcess", "supervisor.stopProcess"}[i%2]
		if _, fault := call(t, s, method, "a"); fault != "" {
			t.Fatal(fault)
		}
		list, _ := call(t, s, "supervisor.getAllProcessInfo")
		if state, _ := list.Items[0].Get("statename"); state.Text != want {
			t.Errorf("after %s: %s", method, state.Text)
		}
	}
	if !slices.Equal(held, before) {
		t.Error("an answer changed while somebody had it")
	}
	done()
}

// TestRoomIsKept shows that an answer is made where one was that nobody needs any more, whether its last user was done with
// it before the next was made or after.
func TestRoomIsKept(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	changes := 0
	change := func() {
		if _, fault := call(t, s, []string{"supervisor.startProcess", "supervisor.stopProcess"}[changes%2], "a"); fault != "" {
			t.Fatal(fault)
		}
		changes++
	}
	for _, late := range []bool{false, true} {
		kept := false
		for range 50 { // but for the turn of a second, and answers that grow, the first time
			first, done := raw(t, s)
			if !late {
				done()
			}
			change()
			_, done2 := raw(t, s)
			if late {
				done()
			}
			done2()
			change()
			third, done3 := raw(t, s)
			done3()
			if kept = &first[0] == &third[0]; kept {
				break
			}
		}
		if !kept {
			t.Errorf("done with it late: %v: each answer has memory of its own", late)
		}
	}
}

// TestRoundsTogether lets many ask at once while a process starts and stops; each answer is whole, and each shows at
// least what its client knew.
func TestRoundsTogether(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"), program("b", "/bin/sleep 1000", "b1", "b2"))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 200 {
				response, done := raw(t, s)
				v, fault, err := xmlrpc.ParseResponse(response)
				if err != nil || fault != nil || len(v.Items) != 3 {
					t.Errorf("%d processes, %v, %v", len(v.Items), fault, err)
				}
				done()
			}
			if i > 0 {
				return
			}
			for _, want := range []string{"RUNNING", "STOPPED"} {
				method := map[string]string{"RUNNING": "supervisor.startProcess", "STOPPED": "supervisor.stopProcess"}[want]
				if _, fault := call(t, s, method, "a"); fault != "" {
					t.Error(fault)
				}
				list, _ := call(t, s, "supervisor.getAllProcessInfo")
				if state, _ := list.Items[0].Get("statename"); state.Text != want {
					t.Errorf("%s, not %s", state.Text, want)
				}
			}
		})
	}
	all.Wait()
}

// TestVersion shows that a look is no change, and the end of a child is one although nobody asked for it.
func TestVersion(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	if _, fault := call(t, s, "supervisor.startProcess", "a"); fault != "" {
		t.Fatal(fault)
	}
	info, _ := call(t, s, "supervisor.getProcessInfo", "a")
	before := s.sup.Version()
	call(t, s, "supervisor.getProcessInfo", "a")
	call(t, s, "supervisor.readProcessStdoutLog", "a", 0, 0)
	call(t, s, "supervisor.getAllProcessInfo")
	if now := s.sup.Version(); now != before {
		t.Errorf("version %d after a look, before it was %d", now, before)
	}
	pid, _ := info.Get("pid")
	if err := syscall.Kill(int(pid.Number), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(20 * time.Second); ; {
		info, _ = call(t, s, "supervisor.getProcessInfo", "a")
		if now, _ := info.Get("pid"); now.Number != pid.Number {
			break
		}
		if time.Now().After(late) {
			t.Fatal("nobody noticed the end of the child")
		}
	}
	if now := s.sup.Version(); now == before {
		t.Error("the same version after the end of a child")
	}
}
