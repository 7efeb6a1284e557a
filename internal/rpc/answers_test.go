package rpc

import (
	"bytes"
	"net/http"
	"sync"
	"testing"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// A multicall whose results, with all answers that wait to be sent, exceed the budget is refused with status 503.
// covers: SEC-8
func TestAnswersOfAllCalls(t *testing.T) {
	limit := budget.Answers.Limit
	defer func() { budget.Answers.Limit = limit }()
	s := withLog(t, bytes.Repeat([]byte{'x'}, 1<<20))
	call := func(method string, params ...any) (done func(), status int) {
		body, err := kolo.EncodeMethodCall(method, params...)
		if err != nil {
			t.Fatal(err)
		}
		_, done, status = s.ServeXMLRPC(system, body, nil)
		return done, status
	}
	read := map[string]any{"methodName": "supervisor.readProcessStdoutLog", "params": []any{"a", 0, 0}}
	bad := map[string]any{"methodName": "supervisor.readProcessStdoutLog", "params": []any{"b", 0, 0}}
	for _, c := range []struct{ limit, status int }{{3 << 20, http.StatusServiceUnavailable}, {5 << 20, http.StatusOK}} {
		budget.Answers.Limit = int64(c.limit)
		if _, status := call("system.multicall", []any{read, bad, read, read, read}); status != c.status {
			t.Errorf("limit %d: status %d, want %d", c.limit, status, c.status)
		}
		if budget.Answers.Held() != 0 || len(reading) != 0 {
			t.Errorf("limit %d: %d bytes and %d readers are left", c.limit, budget.Answers.Held(), len(reading))
		}
	}
}

// A shared response counts once, however many clients it is sent to, and as long as one of them has not got it.
// covers: SEC-8
func TestSharedAnswer(t *testing.T) {
	limit := budget.Answers.Limit
	defer func() { budget.Answers.Limit = limit }()
	var groups []*config.Group
	for i := range 200 {
		name := string(rune('a'+i%26)) + string(rune('a'+i/26))
		groups = append(groups, program(name, "/bin/cat", name))
	}
	s := serve(t, groups...)
	body, err := kolo.EncodeMethodCall("supervisor.getAllProcessInfo")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var sent []func()
	var calls sync.WaitGroup
	var size int
	for range 20 {
		calls.Go(func() {
			response, done, status := s.ServeXMLRPC(system, body, nil)
			mu.Lock()
			defer mu.Unlock()
			if size = len(response); status != http.StatusOK || done == nil || size < budget.SmallAnswer {
				t.Errorf("status %d, %d bytes", status, len(response))
				return
			}
			sent = append(sent, done)
		})
	}
	calls.Wait()
	if held := budget.Answers.Held(); held < int64(size) || held > int64(8*size) { // a second may have passed
		t.Errorf("%d bytes are held for %d", held, size)
	}
	budget.Answers.Limit = budget.Answers.Held()
	if err := s.sup.Do(func(*supervisor.Loop) {}); err != nil { // a change: the next response is another one
		t.Fatal(err)
	}
	if _, _, status := s.ServeXMLRPC(system, body, nil); status != http.StatusServiceUnavailable {
		t.Errorf("beyond the budget: status %d", status)
	}
	for _, done := range sent {
		done()
	}
	if held := budget.Answers.Held(); held != 0 {
		t.Errorf("%d bytes are held in the end", held)
	}
	budget.Answers.Limit = limit
	_, done, status := s.ServeXMLRPC(system, body, nil)
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	done()
}
