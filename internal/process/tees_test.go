package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/output"
)

// TestReconfigureTees changes the destinations of a channel while a helper writes to them: the one before it goes on with those that are
// left, the next one has the new ones, and all are closed and opened with the log.
func TestReconfigureTees(t *testing.T) {
	dir := t.TempDir()
	p, _ := settings{file: true}.process("", filepath.Join(dir, "log"))
	c := &p.out
	use := func(names ...string) {
		next := *p.Config
		next.Extra = &config.Extra{Lines: &config.Lines{}, LogFiles: &config.LogFiles{}, Shipping: &config.Shipping{}}
		for _, name := range names {
			next.Extra.Lines.Out.Tees = append(next.Extra.Lines.Out.Tees, config.Tee{Path: filepath.Join(dir, name)})
		}
		before, channel := p.Config, *c.config
		channel.Log.Backups = 5
		p.Config = &next
		c.configure(&channel, before, false)
	}
	open := func() *output.Lines {
		if err := c.openFile(); err != nil {
			t.Fatal(err)
		}
		return c.newLines(c.useLines(), output.Names{}, nil)
	}
	use("a", "b")
	first := open()
	first.Write([]byte("1\n"))
	use("b", "c")
	second := open()
	first.Write([]byte("2\n"))
	c.closeFile()
	second.Write([]byte("3\n"))
	c.closeFile()
	first.Write([]byte("after the end\n"))
	third := open()
	third.Write([]byte("4\n"))
	if rotated, err := c.rotate(); !rotated || err != nil {
		t.Error(rotated, err)
	}
	third.Write([]byte("5\n"))
	c.closeFile()
	use("c")
	if rotated, err := c.rotate(); !rotated || err != nil {
		t.Error(rotated, err)
	}
	use()
	if c.writing != nil || !c.hasLogs() {
		t.Error("the channel still writes lines, or has no log")
	}
	got := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(text)
	}
	want := map[string]string{"a": "1\n", "log": "", "log.1": "5\n", "log.2": "1\n2\n3\n4\n", "b": "5\n", "b.1": "1\n2\n3\n4\n", "c": "", "c.1": "5\n", "c.2": "3\n4\n"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
