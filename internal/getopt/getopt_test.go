package getopt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// log returns a Set that records the name and the text of its option.
func log(name string) func(*[]string, string) error {
	return func(to *[]string, text string) error {
		*to = append(*to, name+"="+text)
		return nil
	}
}

var options = []Option[[]string]{
	{Short: 'h', Long: "help", Set: func(to *[]string, _ string) error {
		*to = append(*to, "help")
		return ErrStop
	}},
	{Short: '?', Set: log("question")},
	{Short: 'c', Long: "configuration", Argument: true, Set: log("c")},
	{Long: "check", Whole: true, Set: log("check")},
	{Short: 'q', Long: "childlogdir", Argument: true, Set: log("q")},
	{Short: 'n', Long: "nodaemon", Set: log("n")},
	{Short: 'u', Long: "umask", Argument: true, Set: func(to *[]string, text string) error {
		if text == "bad" {
			return errors.New("no umask")
		}
		return log("u")(to, text)
	}},
	{Long: "history_file", Argument: true, Set: log("_")},
	{Long: "history-file", Argument: true, Set: log("-")},
	{Long: "dry-run", Set: log("dry-")},
	{Long: "dry_run", Set: log("dry_")},
	{Short: 'v', Long: "verbose", Set: log("v")},
	{Long: "log", Argument: true, Set: log("log")},
	{Long: "logfile", Argument: true, Set: log("logfile")},
	{Long: "logfile_backups", Argument: true, Set: log("backups")},
}

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"":                      "[] []",
		"-n":                    "[n=] []",
		"-c x":                  "[c=x] []",
		"-cx":                   "[c=x] []",
		"-c -n":                 "[c=-n] []",
		"-c --":                 "[c=--] []",
		"-nc x":                 "[n= c=x] []",
		"-ncx -u 7":             "[n= c=x u=7] []",
		"-cnx":                  "[c=nx] []",
		"--configuration=x":     "[c=x] []",
		"--configuration x":     "[c=x] []",
		"--configuration x=y":   "[c=x=y] []",
		"--configuration=x=y":   "[c=x=y] []",
		"--configuration= -n":   "[c= n=] []",
		"--co x":                "[c=x] []",
		"--ch x":                "[q=x] []",
		"--check":               "[check=] []",
		"--nod --um=7":          "[n= u=7] []",
		"--hist x":              "[_=x] []",
		"--history-file x":      "[-=x] []",
		"--dry":                 "[dry-=] []",
		"--log x":               "[log=x] []",
		"--logfile x":           "[logfile=x] []",
		"--logfile_ x":          "[backups=x] []",
		"-vv -v":                "error: conflicting command line option '-v'",
		"-? -?":                 "error: conflicting command line option '-?'",
		"-n x -c y":             "[n=] [x -c y]",
		"-n -- -c y":            "[n=] [-c y]",
		"-n - -c y":             "[n=] [- -c y]",
		"x":                     "[] [x]",
		"-n -h -n -n x":         "[n= help] [x]",
		"-h -u bad":             "[help] []",
		"-n --c x":              "error: option --c not a unique prefix",
		"--lo x":                "error: option --lo not a unique prefix",
		"--chec":                "error: option --chec not recognized",
		"--x":                   "error: option --x not recognized",
		"--nodaemon=":           "error: option --nodaemon must not have an argument",
		"--noda=1":              "error: option --nodaemon must not have an argument",
		"--conf":                "error: option --configuration requires argument",
		"-n -c":                 "error: option -c requires argument",
		"-nc":                   "error: option -c requires argument",
		"-nx":                   "error: option -x not recognized",
		"-né":                   "error: option -é not recognized",
		"-\x00":                 "error: option -\x00 not recognized",
		"-n -n":                 "error: conflicting command line option '-n'",
		"-c x --conf y":         "error: conflicting command line option '--configuration'",
		"-u 1 -u bad":           "error: invalid value for -u 'bad': no umask",
		"--um bad -x":           "error: option -x not recognized",
		"-u bad -c":             "error: option -c requires argument",
		"-u bad":                "error: invalid value for -u 'bad': no umask",
		"--umas=bad":            "error: invalid value for --umask 'bad': no umask",
		"--history_f x --hi y":  "error: conflicting command line option '--history_file'",
		"--history_f x --h-f y": "error: option --h-f not recognized",
	} {
		var to []string
		rest, err := Parse(&to, options, strings.Fields(line), true)
		got := fmt.Sprint(to, " ", rest)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q\n got: %s\nwant: %s", line, got, want)
		}
	}
}

// TestParseWithoutRest checks that arguments after the options are an error before Set is called.
func TestParseWithoutRest(t *testing.T) {
	var to []string
	_, err := Parse(&to, options, []string{"-n", "x", "it's"}, false)
	if want := `positional arguments are not supported: ['x', "it's"]`; err == nil || err.Error() != want || to != nil {
		t.Errorf("got %v, want %s; set: %q", err, want, to)
	}
	_, err = Parse(&to, options, []string{"x"}, false)
	if want := "positional arguments are not supported: ['x']"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if rest, err := Parse(&to, options, []string{"-n", "--"}, false); err != nil || len(rest) != 0 || len(to) != 1 {
		t.Errorf("%q, %q, %v", to, rest, err)
	}
}

func TestSplit(t *testing.T) {
	list, rest, err := Split(options, []string{"-nc", "x", "--umas=7", "y"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range list {
		got = append(got, g.Name+" "+g.Option.Long+" "+g.Text)
	}
	if d := cmp.Diff([]string{"-n nodaemon ", "-c configuration x", "--umask umask 7"}, got); d != "" {
		t.Error(d)
	}
	if !slices.Equal(rest, []string{"y"}) {
		t.Errorf("rest: %q", rest)
	}
}

// FuzzSplit checks that no command line causes a panic, and that options written in full mean the same.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"-n", "-ncx\n-u\n7", "--conf=x\n--\n-n", "--hist\nx\n-", "-\x00\xff", "--log\nx\n--lo=y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		list, rest, err := Split(options, strings.Split(line, "\n"))
		if err != nil {
			return
		}
		var full []string
		for _, g := range list {
			full = append(full, g.Name)
			if g.Option.Argument {
				full = append(full, g.Text)
			}
		}
		again, left, err := Split(options, append(append(full, "--"), rest...))
		if err != nil || len(again) != len(list) || !slices.Equal(left, rest) {
			t.Fatalf("%q in full is %q: %v, %d options, %q", line, full, err, len(again), left)
		}
		for i, g := range list {
			if a := again[i]; a.Name != g.Name || a.Text != g.Text {
				t.Errorf("%q: %s=%q became %s=%q", line, g.Name, g.Text, a.Name, a.Text)
			}
		}
	})
}
