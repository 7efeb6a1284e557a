package rpc

import (
	"net/http"
	"testing"
	"time"

	kolo "github.com/kolo/xmlrpc"

	"github.com/gosupervisor/supervisor/internal/waiting"
	"github.com/gosupervisor/supervisor/internal/waiting/waitingtest"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// covers: L12-c
// A multicall whose middle call waits is parked, and handed over twice. All get the same response, and each call has its effect once.
func TestHandOverMulticall(t *testing.T) {
	slow := program("g", "/bin/cat", "a")
	slow.Processes[0].Program.Start.Secs = 3600
	s := serve(t, slow)
	item := func(method string, params ...any) map[string]any {
		return map[string]any{"methodName": method, "params": params}
	}
	body, err := kolo.EncodeMethodCall("system.multicall", []any{item("supervisor.stopProcess", "g:a"), item("supervisor.getState"),
		item("supervisor.startProcess", "g:a"), item("supervisor.getIdentification"), item("supervisor.stopProcess", "g:a")})
	if err != nil {
		t.Fatal(err)
	}
	serve := func(port *waitingtest.Port, state []byte) <-chan string {
		got := make(chan string, 1)
		go func() {
			ctx := waiting.With(system, waiting.New(port, state, nil))
			response, _, status := s.ServeXMLRPC(ctx, body, nil)
			if status != http.StatusOK {
				response = []byte(http.StatusText(status))
			}
			got <- string(response)
		}()
		return got
	}
	first, second := waitingtest.New(), waitingtest.New()
	responses := []<-chan string{serve(first, nil)}
	responses = append(responses, serve(second, first.Freeze(t)))
	responses = append(responses, serve(waitingtest.New(), second.Freeze(t)))
	if _, fault := call(t, s, "supervisor.stopProcess", "g:a"); fault != "" {
		t.Fatal(fault)
	}
	first.Thaw()
	second.Thaw()
	want := ""
	for i, got := range responses {
		select {
		case response := <-got:
			if i == 0 {
				want = response
				v, fault, err := xmlrpc.ParseResponse([]byte(response))
				if err != nil || fault != nil || len(v.Items) != 5 || v.Items[3].Text != "test" {
					t.Errorf("%s (%v)", response, err)
				}
			}
			if response != want {
				t.Errorf("%d: %s\nwant %s", i, response, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d: no response", i)
		}
	}
}
