package config

import (
	"fmt"
	"strings"
	"testing"
)

func benchmarkLoad(b *testing.B, main string, files map[string]string) {
	dir := b.TempDir()
	for name, text := range files {
		write(b, dir, name, text)
	}
	path := write(b, dir, "sd.conf", main)
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(o, testEnviron); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadOne(b *testing.B) {
	benchmarkLoad(b, "[supervisord]\nnodaemon=true\n[program:x]\ncommand=/bin/cat\n", nil)
}

func BenchmarkLoadNumprocs1000(b *testing.B) {
	benchmarkLoad(b, "[supervisord]\n[program:x]\ncommand=/bin/cat %(process_num)s\nnumprocs=1000\n"+
		"process_name=%(program_name)s_%(process_num)02d\nenvironment=A=\"1\"\n", nil)
}

func BenchmarkLoad1000Programs(b *testing.B) {
	var main strings.Builder
	main.WriteString("[supervisord]\n")
	for i := range 1000 {
		fmt.Fprintf(&main, "[program:p%d]\ncommand=/bin/cat\nautorestart=true\nstdout_logfile=/tmp/p%d.log\n", i, i)
	}
	benchmarkLoad(b, main.String(), nil)
}

func BenchmarkLoad1000Files(b *testing.B) {
	files := map[string]string{}
	for i := range 1000 {
		var text strings.Builder
		for j := range 10 {
			fmt.Fprintf(&text, "[program:p%d_%d]\ncommand=/bin/cat %%(here)s\n", i, j)
		}
		files[fmt.Sprintf("conf.d/%d.conf", i)] = text.String()
	}
	benchmarkLoad(b, "[supervisord]\n[include]\nfiles=conf.d/*.conf\n", files)
}
