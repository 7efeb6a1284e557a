package daemon

import (
	"net"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// The service manager receives every state, in order.
func TestNotifier(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv(NotifySocket, path)
	n := NewNotifier()
	n.Ready()
	n.Reloading("Restarting")
	n.Ready()
	n.Stopping()
	n.Flush(time.Minute)
	for _, want := range []string{
		"READY=1\nSTATUS=Running", "RELOADING=1\nMONOTONIC_USEC=N\nSTATUS=Restarting", "READY=1\nSTATUS=Running",
		"STOPPING=1\nSTATUS=Stopping all programs",
	} {
		buf := make([]byte, 200)
		if err := manager.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		size, err := manager.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile("USEC=[1-9][0-9]+").ReplaceAllString(string(buf[:size]), "USEC=N"); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// Without a service manager, and with one that does not read, no method blocks.
func TestNotifierWithoutManager(t *testing.T) {
	t.Setenv(NotifySocket, "")
	NewNotifier().Ready()
	NewNotifier().Flush(time.Minute)
	t.Setenv(NotifySocket, filepath.Join(t.TempDir(), "absent"))
	n := NewNotifier()
	for range 1000 {
		n.Reloading("Restarting")
	}
}
