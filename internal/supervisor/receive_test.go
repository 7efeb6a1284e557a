package supervisor

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestReceiveVersion shows that every message but a read changes the version before it is handled, so that no response that was made
// before it is used again.
func TestReceiveVersion(t *testing.T) {
	tests := map[string]func(w *world, handled func()){
		"a change": func(w *world, handled func()) {
			go w.handle.call(call{change: func(*Loop) { handled() }})
		},
		"a result": func(w *world, handled func()) {
			go w.send(func(time.Time) { handled() })
		},
		"a notification": func(w *world, _ func()) { w.notices.add(w.process("a")) },
		"the last output of a child": func(w *world, _ func()) {
			go w.shared.Drained(w.process("a")) // it has no child: the handler panics
		},
		"a signal": func(w *world, _ func()) {
			signals := make(chan os.Signal, 1)
			signals <- syscall.SIGUSR1
			w.options.Signals = signals
		},
		"SIGCHLD": func(w *world, _ func()) {
			chld := make(chan os.Signal, 1)
			chld <- syscall.SIGCHLD
			w.options.Chld = chld
		},
		"first starts are allowed": func(w *world, _ func()) {
			clear := make(chan struct{})
			close(clear)
			w.clear = clear
		},
		"a deadline": func(w *world, _ func()) {
			w.schedule(&deadline{run: func(time.Time) {}}, w.now)
		},
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, program("a"))
			w.timer = time.NewTimer(time.Hour)
			before := w.handle.Version()
			inside := before + 1 // unless the handler sees another
			send(w, func() { inside = w.handle.Version() })
			_ = w.recover(func() { w.receive(true) })
			if now := w.handle.Version(); now == before || inside == before {
				t.Errorf("version %d, then %d in the handler and %d after it", before, inside, now)
			}
		})
	}
	t.Run("a read", func(t *testing.T) {
		w := newWorld(t, program("a"))
		w.timer = time.NewTimer(time.Hour)
		before := w.handle.Version()
		go w.handle.call(call{read: func(View) {}})
		w.receive(true)
		if now := w.handle.Version(); now != before {
			t.Errorf("version %d, then %d", before, now)
		}
	})
	t.Run("work that is due", func(t *testing.T) {
		w := newWorld(t, program("a"))
		before := w.handle.Version()
		if w.step(); w.handle.Version() == before || w.process("a").PID() == 0 {
			t.Errorf("version %d, then %d; pid %d", before, w.handle.Version(), w.process("a").PID())
		}
	})
}
