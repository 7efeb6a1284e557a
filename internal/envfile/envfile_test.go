package envfile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                                   {},
		"\ufeffA=1\r\nB=2\n":                 {"A": "1", "B": "2"},
		"# c\n\n A = x y \nexport B=2 # c\n": {"A": "x y", "B": "2"},
		"A='x # $y \"' # c\nB=\"q\\\"\\n\\u00e9\"": {"A": "x # $y \"", "B": "q\"\né"},
		"A=1\nA=2":             {"A": "2"},
		"A=\nB=''\nC=\"\" # c": {"A": "", "B": "", "C": ""},
		"A=b=c":                {"A": "b=c"},
		"A=é # c\nB='ü' # c\nC=\"ö\\\"# \" # ü\nD='é#'#x\n# é=' \nE=é#\n": {"A": "é", "B": "ü", "C": "ö\"# ", "D": "é#", "E": "é"},
	} {
		got, _, problem := parse([]byte(text))
		if d := cmp.Diff(want, got); d != "" || problem != "" {
			t.Errorf("%q: %s %s", text, problem, d)
		}
	}
}

// TestErrors checks that no error shows a part of a value.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"A=1\n\nS3CRET\n":                      " line 3: missing =",
		"=S3CRET":                              " line 1: empty key",
		"A=\"S3CRET":                           ` line 1: unmatched "`,
		"A='S3CRET":                            " line 1: unmatched '",
		"A=\"S3CRET\\x\"":                      " line 1: a name or an escape sequence is not valid",
		"A=\"\\uZZZZ\"":                        " line 1: a name or an escape sequence is not valid",
		"A B=S3CRET":                           " line 1: a name or an escape sequence is not valid",
		"1=S3CRET":                             " line 1: a name or an escape sequence is not valid",
		"A=\"S3CRET\\u0000\"":                  ": the value of A has a NUL character",
		"A=1\nB=" + strings.Repeat("x", 70000): " line 2: a line is longer than 64 KiB",
		strings.Repeat("A=1\n", 262145):        " is larger than 1 MiB",
	} {
		path := filepath.Join(dir, "x.env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := File{Path: path}.Read(safefile.None)
		if want = "envfile '" + path + "'" + want; err == nil || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("a.env"), []byte("A=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[File]string{
		{Path: path("a.env")}:                      "",
		{Path: path("none"), Optional: true}:       "",
		{Path: path("a.env/none"), Optional: true}: "",
		{Path: path("none")}:                       "can't read envfile '" + path("none") + "': ENOENT",
		{Path: path("a.env/none")}:                 "can't read envfile '" + path("a.env/none") + "': ENOTDIR",
		{Path: path("fifo")}:                       "envfile '" + path("fifo") + "' is not a plain file",
		{Path: path("fifo"), Optional: true}:       "envfile '" + path("fifo") + "' is not a plain file",
		{Path: dir}:                                "envfile '" + dir + "' is not a plain file",
		{Path: "/dev/null"}:                        "envfile '/dev/null' is not a plain file",
	} {
		_, err := f.Read(safefile.None)
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %s", f, err, want)
		}
	}
}

// FuzzParse checks that no text makes the parser panic, and that removing comments changes no value of texts in ASCII.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"A=1", "A=\"\\ud83d\\ude00\" # é", "export A='x' #", "A=\"\\ud83d", "A=é#\"x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		env, _, problem := parse([]byte(text))
		for name, value := range env {
			if name == "" || strings.IndexByte(value, 0) >= 0 {
				t.Errorf("%q: %q=%q", text, name, value)
			}
		}
		if strings.IndexFunc(text, func(r rune) bool { return r > 127 }) >= 0 || problem != "" || strings.ContainsAny(text, "\r") {
			return
		}
		other, _, problem := parse([]byte(text + "\n#é\n"))
		if d := cmp.Diff(env, other); d != "" || problem != "" {
			t.Errorf("%q: %s %s", text, problem, d)
		}
	})
}
