package rpc

import (
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// raw calls getAllProcessInfo as httpd does.
func raw(t *testing.T, s *Server) (response []byte, done func()) {
	t.Helper()
	body, err := kolo.EncodeMethodCall("supervisor.getAllProcessInfo")
	if err != nil {
		t.Fatal(err)
	}
	response, done, status := s.ServeXMLRPC(system, body, nil)
	if status != 200 || done == nil {
		t.Fatalf("status %d", status)
	}
	return response, done
}

// TestCache shows that calls in the same second share a response, that a change invalidates it at once, and that a response
// is not overwritten while it is in use.
func TestCache(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	var first, second []byte
	for range 50 { // once is enough unless a second ends meanwhile
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
		t.Error("two calls, one after the other, get two responses")
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
		t.Error("a response changed while it was in use")
	}
	done()
}

// TestBufferIsReused shows that a response is built in the buffer of an earlier one, whether that was released before the
// next was built or after.
func TestBufferIsReused(t *testing.T) {
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
		for range 50 { // once is enough unless a second ends meanwhile or the response grows
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
			t.Errorf("released late: %v: each response has a buffer of its own", late)
		}
	}
}

// TestCacheConcurrently calls from several goroutines while a process starts and stops. Each response is complete and not older
// than the last change that its client knows of.
func TestCacheConcurrently(t *testing.T) {
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

// TestVersion shows that reads do not change the version, and that the end of a child does.
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
		t.Errorf("version %d after reads, %d before", now, before)
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
			t.Fatal("the end of the child was not noticed")
		}
	}
	if now := s.sup.Version(); now == before {
		t.Error("the same version after the end of a child")
	}
}

// TestRelease shows that Release drops what is kept for further calls, but not a response that is being sent.
func TestRelease(t *testing.T) {
	s := serve(t, program("a", "/bin/sleep 1000", "a"))
	c := s.caches[s.methods["supervisor.getAllProcessInfo"]]
	held, done := raw(t, s)
	before := slices.Clone(held)
	s.Release()
	for range 3 {
		_, done := raw(t, s)
		done()
	}
	if !slices.Equal(held, before) {
		t.Error("a response changed while it was in use")
	}
	done()
	if c.last == nil {
		t.Error("no response is kept for further calls: the test shows nothing")
	}
	if s.Release(); c.last != nil || c.buffer != nil {
		t.Error("a response or its buffer is kept")
	}
}
