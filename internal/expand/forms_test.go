package expand

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func extended() *Scope {
	return &Scope{
		Vars: []Variable{{Name: "here", Text: "/etc"}, {Name: "process_num", Number: 7, IsNumber: true}, {Name: "numprocs", Number: 3, IsNumber: true}},
		Env:  map[string]string{"SET": "daemon", "EMPTY": "", "A-B": "dash", "OWN": "daemon"}, Own: map[string]string{"OWN": "process"},
		Variables: map[string]string{"port": "9000", "none": "", "log-dir": "/l"}, CPUs: func() int { return 4 },
	}
}

// TestForms tries each form with a variable that is set, empty, and not set.
//
// covers: L14-h
func TestForms(t *testing.T) {
	for in, want := range map[string]string{
		"%(ENV_SET:-d)s": "daemon", "%(ENV_EMPTY:-d)s": "d", "%(ENV_NO:-d)s": "d",
		"%(ENV_SET-d)s": "daemon", "%(ENV_EMPTY-d)s": "", "%(ENV_NO-d)s": "d",
		"%(ENV_SET:?t)s": "daemon", "%(ENV_EMPTY:?t)s": "ENV_EMPTY is not set: t", "%(ENV_NO:?t)s": "ENV_NO is not set: t",
		"%(ENV_NO:?)s": "ENV_NO is not set", "%(ENV_OWN:-d)s": "process",
		"%(VAR_port:-d)s": "9000", "%(VAR_none:-d)s": "d", "%(VAR_no:-d)s": "d",
		"%(VAR_port-d)s": "9000", "%(VAR_none-d)s": "", "%(VAR_no-d)s": "d",
		"%(VAR_port:?t)s": "9000", "%(VAR_none:?t)s": "VAR_none is not set: t", "%(VAR_no:?t)s": "VAR_no is not set: t",
		"%(VAR_port)s": "9000", "%(VAR_PORT)s": "9000", "%(VAR_Port:-d)s": "9000", "%(VAR_none)s": "", "%(VAR_port)6s": "  9000",
		"%(VAR_log-dir)s": "/l", "%(VAR_log-dir:-d)s": "/l", "%(ENV_A-B)s": "dash", "%(ENV_A-B:-d)s": "dash",
		"%(ENV_NO:-)s": "", "%(ENV_NO-)s": "", "%(ENV_NO:-f(a(b)c))s": "f(a(b)c)", "%(ENV_NO:-100%)s": "100%",
		"%(ENV_NO:-%(here)s)s": "%(here)s", "%(ENV_NO:-a-b:-c)s": "a-b:-c", "%(ENV_NO-a:-b)s": "a:-b", "%(ENV_NO:-http://h:1/?a=b)s": "http://h:1/?a=b",
		"%(ENV_NO:-abc).2s": "ab",
		"%(cpu_count)d":     "4", "%(cpu_count)02d": "04", "%(cpu_count)s": "4",
		"%(process_num+8000)d": "8007", "%(process_num-1)d": "6", "%(process_num*10)03d": "070", "%(numprocs+1)d": "4",
		"%(numprocs*0)d": "0", "%(cpu_count*2)d": "8", "%(process_num-10)d": "-3",
		"%(process_num+2147483647)d": "2147483654",
		"%(process_num+2147483648)d": "is badly formatted: number too big",
		"%(ENV_SET:-5)d":             "is badly formatted: %d format: a real number is required, not str",
		"%(process_num+)d":           "('process_num+')", "%(process_num+1+1)d": "('process_num+1+1')", "%(process_num/2)d": "('process_num/2')",
		"%(process_num + 1)d": "('process_num + 1')", "%(here+1)s": "('here+1')", "%(+1)d": "('+1')", "%(x+1)d": "('x+1')",
		"%(ENV_NO)s": "('ENV_NO')", "%(VAR_no)s": "('VAR_no')", "%(ENV_:-d)s": "('ENV_:-d')", "%(here:-d)s": "('here:-d')",
		"%(env_SET:-d)s": "('env_SET:-d')", "%(ENV_NO:d)s": "('ENV_NO:d')", "%(var_port)s": "('var_port')", "%(ENV_)s": "('ENV_')", "%(VAR)s": "('VAR')",
	} {
		got, err := extended().Expand(in, "where")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "Format string '"+in+"' for 'where'") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", in, err, want)
			}
		} else if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestAvailableNames checks that messages list the names of our own only if the file has variables.
//
// covers: L14-k
func TestAvailableNames(t *testing.T) {
	s := extended()
	with := "ENV_A-B, ENV_EMPTY, ENV_OWN, ENV_SET, VAR_log-dir, VAR_none, VAR_port, cpu_count, here, numprocs, process_num"
	check := func(available string) {
		t.Helper()
		_, err := s.Expand("%(ENV_NOPE)s", "program:web.command")
		want := "Format string '%(ENV_NOPE)s' for 'program:web.command' contains names ('ENV_NOPE') which cannot be expanded. Available names: " + available
		if err == nil || err.Error() != want {
			t.Errorf("got:  %v\nwant: %s", err, want)
		}
	}
	check(with)
	s.Variables = nil
	check("ENV_A-B, ENV_EMPTY, ENV_OWN, ENV_SET, here, numprocs, process_num")
}

// TestFormsOfSecrets checks that a message about a secret text shows a name and what is written for the message, and nothing else.
func TestFormsOfSecrets(t *testing.T) {
	for in, want := range map[string]string{
		"pw%(ENV_NO:?set it in /etc/default/x)s": "Format string for 'where': ENV_NO is not set: set it in /etc/default/x",
		"pw%(VAR_nope)s":                         "Format string for 'where' contains names ('VAR_nope') which cannot be expanded. Available names: ",
		"%(pw:-secret)s":                         "Format string for 'where' contains names which cannot be expanded. Available names: ",
	} {
		_, err := extended().Expand(in, "where")
		e, _ := err.(*Error)
		if e == nil || !strings.HasPrefix(e.Redacted(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestUsed checks that each name and form of our own is noted, without what may be a part of a password.
func TestUsed(t *testing.T) {
	s := extended()
	var used []string
	s.Used = func(form string) { used = append(used, form) }
	if _, err := s.Expand("%(here)s %(ENV_SET)s %(ENV_NO:-pw)s %(VAR_port)s %(cpu_count)d %(process_num+1)d %(ENV_SET:?pw)s", "where"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"ENV_NO:-...", "VAR_port", "cpu_count", "process_num+1", "ENV_SET:?..."}, used); d != "" {
		t.Error(d)
	}
	if s.CPUs = nil; slices.Contains(used, "here") {
		t.Error("a name of the original is noted")
	}
	if _, err := s.Expand("%(cpu_count)d", "where"); err == nil {
		t.Error("cpu_count is expanded where it is not known")
	}
}
