package rpc

import (
	"context"
	"os"

	"github.com/gosupervisor/supervisor/internal/waiting"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// multicall is a system.multicall of which a call may wait. It is the context of its calls, and the port of the one that runs.
type multicall struct {
	context.Context
	whole   *waiting.Call
	call    *waiting.Call // the one that runs
	state   MulticallState
	e       *xmlrpc.Encoder
	begin   int // the mark of the first result
	running int // the index of the call that runs
	mark    int // of its result
}

// MulticallState is a system.multicall of which a call waits.
type MulticallState struct {
	Index   int    `json:"index"`             // of that call
	Results []byte `json:"results,omitempty"` // of the calls before, as they are sent
	Call    []byte `json:"call"`
}

// resumable returns the multicall of a request, which it resumes if it has begun, or nil if none of the calls may wait.
func (s *Server) resumable(ctx context.Context, e *xmlrpc.Encoder, items []xmlrpc.Value) *multicall {
	waits := false
	for i := range items {
		name, _ := items[i].Get("methodName")
		m := s.methods[name.Text]
		waits = waits || m != nil && m.Waits
	}
	if !waits {
		return nil
	}
	m := &multicall{Context: ctx, whole: waiting.Of(ctx), e: e, begin: e.Mark()}
	if m.whole.Enter(&m.state) == waiting.Resume {
		e.Raw(m.state.Results)
	}
	return m
}

// first is the index of the first call that is not over.
func (m *multicall) first() int {
	if m == nil {
		return 0
	}
	return m.state.Index
}

// next is called before a call. Its result begins at the mark.
func (m *multicall) next(i, mark int) {
	if m != nil {
		m.running, m.mark = i, mark
		m.call = waiting.New(m, m.state.Call, nil)
		m.state = MulticallState{}
	}
}

// Value implements context.Context.
func (m *multicall) Value(k any) any {
	if is, _ := waiting.IsKey(k); is {
		return m.call
	}
	return m.Context.Value(k)
}

// Frozen implements waiting.Port.
func (m *multicall) Frozen() <-chan struct{} { return m.whole.Frozen() }

// Park implements waiting.Port.
func (m *multicall) Park(export func() []byte, file *os.File) {
	m.whole.ParkWith(file, func() any {
		return MulticallState{Index: m.running, Results: m.e.Between(m.begin, m.mark), Call: export()}
	})
}
