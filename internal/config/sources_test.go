package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSources notices each change of a file that was read, and of the files that a pattern matches.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	main := write(t, dir, "sd.conf", "[supervisord]\n[include]\nfiles=conf.d/*.conf other.conf\n")
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	one := write(t, filepath.Join(dir, "conf.d"), "one.conf", "[program:a]\ncommand=x\n")
	before := time.Now().Add(-time.Minute)
	read := func() *Config {
		t.Helper()
		c, err := loadFile(t, main)
		if err != nil {
			t.Fatal(err)
		}
		if c.Sources.Changed() {
			t.Fatal("nothing has changed")
		}
		return c
	}
	touch := func(path string) {
		t.Helper()
		if err := os.Chtimes(path, before, before); err != nil {
			t.Fatal(err)
		}
		before = before.Add(time.Second)
	}
	two := filepath.Join(dir, "conf.d", "two.conf")
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"time", func() { touch(main) }},
		{"time of an included file", func() { touch(one) }},
		{"another file", func() { write(t, filepath.Join(dir, "conf.d"), "two.conf", "") }},
		{"size", func() {
			info, err := os.Stat(two)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "conf.d"), "two.conf", "; x\n")
			if err := os.Chtimes(two, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file less", func() { os.Remove(two) }},
		{"a file that was not there", func() { write(t, dir, "other.conf", "") }},
		{"no main file", func() { os.Rename(main, main+".old") }},
	} {
		now := read()
		if now.Sources.At < time.Now().Add(-time.Hour).UnixMilli() {
			t.Errorf("%+v", now.Sources)
		}
		if c.change(); !now.Sources.Changed() {
			t.Errorf("%s: not noticed", c.name)
		}
	}
}
