package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// rounds is how often each side reads each configuration, by turns. The medians are reported.
const rounds = 5

// bench measures the time to read a configuration with one program per section and ten sections per file.
func bench(d *driver, base string, out io.Writer) error {
	fmt.Fprintf(out, "%10s %8s %12s %12s %8s\n", "sections", "files", "original", "ours", "ratio")
	var perSection [2]time.Duration
	for i, sections := range []int{1000, 10000} {
		path, err := writeMany(filepath.Join(base, fmt.Sprint(sections)), sections)
		if err != nil {
			return err
		}
		var original, own []time.Duration
		for range rounds {
			var answer struct {
				Seconds float64
				Groups  int
			}
			if err := d.ask("measure", path, &answer); err != nil {
				return err
			}
			begin := time.Now()
			made, c := ours(path, environ)
			took := time.Since(begin)
			if c == nil || len(c.Groups) != sections || answer.Groups != sections {
				return fmt.Errorf("%d sections gave %d groups there and here: %s", sections, answer.Groups, made.Message)
			}
			original = append(original, time.Duration(answer.Seconds*float64(time.Second)))
			own = append(own, took)
		}
		slices.Sort(original)
		slices.Sort(own)
		theirs, mine := original[rounds/2], own[rounds/2]
		perSection[i] = mine / time.Duration(sections)
		fmt.Fprintf(out, "%10d %8d %12v %12v %7.1fx\n", sections, sections/10, theirs.Round(time.Millisecond),
			mine.Round(100*time.Microsecond), float64(theirs)/float64(mine))
	}
	fmt.Fprintf(out, "ours, per section: %v at 1000, %v at 10000\n", perSection[0], perSection[1])
	return nil
}

// writeMany writes a configuration with that many sections and returns the path of its main file.
func writeMany(dir string, sections int) (string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "conf.d"), 0o755); err != nil {
		return "", err
	}
	var text strings.Builder
	for i := range sections {
		fmt.Fprintf(&text, "[program:p%d]\ncommand=/bin/cat %%(program_name)s ; a comment\nautorestart=true\n"+
			"stdout_logfile=%%(here)s/p%d.log\nenvironment=A=\"%%(ENV_HOME)s\",B=\"%d\"\nstopsignal=QUIT\n\n", i, i, i)
		if i%10 == 9 {
			name := filepath.Join(dir, "conf.d", fmt.Sprintf("%d.conf", i/10))
			if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
				return "", err
			}
			text.Reset()
		}
	}
	path := filepath.Join(dir, "sd.conf")
	return path, os.WriteFile(path, []byte("[supervisord]\n[include]\nfiles=conf.d/*.conf\n"), 0o644)
}
