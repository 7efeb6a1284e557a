package config

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// marker is a part of a secret value.
const marker = "S3CRET"

// secretKeys are the keys whose values may be or contain passwords.
var secretKeys = map[string]string{
	"unix_http_server": "password", "inet_http_server": "password", "supervisord": "environment",
	"supervisorctl":  "password serverurl token",
	"program:":       "command environment " + hookCommands + " " + secretChecks + " serverurl stop_command",
	"eventlistener:": "command environment " + hookCommands + " result_handler_exec serverurl stop_command",
	"fcgi-program:":  "command environment " + hookCommands + " " + secretChecks + " serverurl stop_command",
	pluginPrefix:     "command environment " + hookCommands + " " + secretChecks + " serverurl stop_command url", ctlPlugin: "command",
	userPrefix:     "password tokens",
	notifyPrefix:   "command headers secret url",
	defaultSection: "environment " + hookCommands + " " + secretChecks + " serverurl stop_command",
}

const hookCommands = "maxmemory_action post_start_hook post_stop_hook pre_start_hook pre_stop_hook reload_command"

const secretChecks = "liveness_check_failure_action liveness_check_script liveness_check_success_action " +
	"readiness_check_failure_action readiness_check_script readiness_check_success_action " +
	"restart_cmd_when_binary_changed restart_cmd_when_file_changed"

func TestSecretKeys(t *testing.T) {
	for _, kind := range sectionKinds {
		var names []string
		for _, k := range rowsOf(kind.in) {
			if k.Secret {
				names = append(names, k.Name)
			}
		}
		slices.Sort(names)
		want := strings.Fields(secretKeys[kind.name])
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("[%s]: %s, want %s", kind.name, names, want)
		}
	}
	for key, want := range map[string]bool{"command": true, "priority": false, "match_group": true} {
		if isSecret("ctlplugin:x", key) != want && key != "priority" || isSecret("rpcinterface:x", key) != want {
			t.Errorf("%s of a plug-in: %t", key, !want)
		}
	}
}

// TestNoSecretInErrors gives each key of a secret bad values that contain a marker, and looks for it in what Load, Check and LoadCtl say.
// Other keys get one such value: their marker is found, which shows that the search works.
// covers: SEC-16
// differs: DIFF-200 the original shows the values
func TestNoSecretInErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	found, errs := map[string]bool{}, 0
	for _, kind := range sectionKinds {
		for _, k := range append(rowsOf(kind.in), &Key{Name: "an_option", Sections: kind.in}) {
			section := sectionOf(kind.in, k)
			values := []string{marker, marker + "%x", marker + "%", "%(" + marker + ")s", "%(" + marker, `A="` + marker,
				`A="` + marker + `",B`, "ftp://" + marker, marker + "%(ENV_NOPE)s"}
			if !isSecret(section, k.Name) {
				values = values[:1]
			}
			for _, value := range values {
				path := write(t, dir, "sd.conf", oneOfEach+"["+section+"]\n"+k.Name+"="+value+"\n")
				var said []string
				if _, err := loadFile(t, path); err != nil {
					said = append(said, err.Error(), Explain(err))
				}
				o, err := ParseArgs("supervisord", []string{"-c", path})
				if err != nil {
					t.Fatal(err)
				}
				report := Check(o, testEnviron)
				for _, err := range report.Errors {
					said = append(said, err.Error())
				}
				said = append(said, report.Warnings...)
				if _, err := loadCtl(t, "-c", path); err != nil {
					said = append(said, err.Error(), Explain(err))
				}
				errs += len(said)
				shows := strings.Contains(strings.ToLower(strings.Join(said, "\n")), strings.ToLower(marker))
				if shows && isSecret(section, k.Name) {
					t.Errorf("[%s] %s=%s:\n%s", section, k.Name, value, strings.Join(said, "\n"))
				}
				found[k.Name] = found[k.Name] || shows
			}
		}
	}
	if errs < 500 || !found["startsecs"] || !found["port"] {
		t.Errorf("%d errors, marker found: %v", errs, found)
	}
}

// TestNoSecretInSyntaxErrors has lines that may continue a password.
// covers: SEC-16
func TestNoSecretInSyntaxErrors(t *testing.T) {
	for _, text := range []string{
		"[supervisord]\n[inet_http_server]\nport=1\nusername=u\npassword\n" + marker + "\n",
		"[supervisord]\nenvironment=A=\"x\",\n\"" + marker + "\"\n", "password " + marker + "\n[supervisord]\n", "=" + marker + "\n",
	} {
		path := write(t, t.TempDir(), "sd.conf", text)
		if _, err := loadFile(t, path); err == nil || strings.Contains(Explain(err), marker) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestIncompleteAuthentication has user names without passwords and the reverse.
// covers: SEC-15
// differs: DIFF-201 the original accepts an empty one of the two
func TestIncompleteAuthentication(t *testing.T) {
	const message = "contains incomplete authentication: If a username or a password is specified, both the username and password " +
		"must be specified"
	for _, c := range []struct{ keys, wrong string }{
		{"username=u\npassword=p\n", ""},
		{"username=\npassword=\n", ""},
		{"", ""},
		{"username=\npassword=p\n", "username"},
		{"username=u\npassword=\n", "password"},
		{"username=u\n", "password"},
		{"password=p\n", "username"},
		{"username=%(ENV_EMPTY)s\npassword=p\n", "username"},
		{"username=u\npassword=%(ENV_EMPTY)s\n", "password"},
	} {
		for _, section := range []string{"[inet_http_server]\nport=1\n", "[unix_http_server]\nfile=/s\n"} {
			text := "[supervisord]\nenvironment=EMPTY=\"\"\n" + section + c.keys
			_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", text))
			e, _ := err.(*ini.Error)
			if (err == nil) != (c.wrong == "") || err != nil && (!strings.HasSuffix(err.Error(), message) || e.Key != c.wrong) {
				t.Errorf("%s%s: %v", section, c.keys, err)
			}
		}
	}
	// --check does not report a second error for a password that cannot be expanded.
	path := write(t, t.TempDir(), "sd.conf", "[supervisord]\n[inet_http_server]\nport=1\nusername=u\npassword=%(ENV_NOPE)s\n")
	o, err := ParseArgs("supervisord", []string{"-c", path})
	if report := Check(o, testEnviron); err != nil || len(report.Errors) != 1 {
		t.Error(err, report.Errors)
	}
}

// TestWithheld checks which variables children do not inherit.
// covers: SEC-11
func TestWithheld(t *testing.T) {
	c := mustLoad(t, "[supervisord]\nenvironment=A=a,B=b,C=c,USER=u,F=f,G=g,H=h\n[DEFAULT]\nx=%(ENV_F)s\n"+
		"[inet_http_server]\nport=1\nusername=%(ENV_USER)s\npassword=x%(ENV_A)s%(ENV_B).8s\n"+
		"[unix_http_server]\nfile=/%(ENV_G)s\nusername=%(ENV_C)s\npassword=%(ENV_A)s\n"+
		"[supervisorctl]\npassword=%(ENV_H)s\n[program:p]\ncommand=%(ENV_F)s\n")
	if d := cmp.Diff([]string{"A", "B", "C", "H"}, c.Withheld); d != "" {
		t.Error(d)
	}
	if c := mustLoad(t, "[supervisord]\n[inet_http_server]\nport=1\nusername=u\npassword=p\n"); c.Withheld != nil {
		t.Error(c.Withheld)
	}
}

func TestAllowedHosts(t *testing.T) {
	parses(t, parseHosts, map[string]string{"": "[]", "A.example, b": "[a.example b]", "*": "[*]", "[::1],::1,127.0.0.1": "[[::1] ::1 127.0.0.1]",
		"a b": "error: unknown word", "a:9001": "error: unknown word", "a,": "error: unknown word", "http://a": "error: unknown word",
		"ä": "error: unknown word", "-a": "error: unknown word"})
	_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", "[supervisord]\n[inet_http_server]\nport=1\nallowed_hosts=a b\n"))
	if err == nil || err.Error() != "invalid 'allowed_hosts' value 'a b'" {
		t.Error(err)
	}
}

// TestPasswordOfSupervisorctl takes the password from each of its sources, of which the first wins: the command line, the environment,
// the section.
// covers: SEC-24e
// differs: DIFF-205 the original has -p only
func TestPasswordOfSupervisorctl(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "file", "from file\nnext line\n")
	empty := write(t, dir, "empty", "\n")
	readable := write(t, dir, "readable", "readable\r\n")
	for path, mode := range map[string]os.FileMode{file: 0o640, readable: 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ keys, variable, args, want string }{
		{"password=key", "", "", "key"},
		{"password_file=%(here)s/file", "", "", "from file"},
		{"password_file=" + file, "variable", "", "variable"},
		{"password=key", "variable", "", "variable"},
		{"password=key", "variable", "-p option", "option"},
		{"password=key", "variable", "--password-file=" + file, "from file"},
		{"password_file=" + empty, "", "-p option", "option"},
		{"password=key", "", "--pass option", "option"}, // an abbreviation of today
		{"password=key\npassword_file=" + file, "", "", "error: Section [supervisorctl] has both password and password_file"},
		{"", "", "--password-file " + empty, "error: the password file " + empty + " is empty"},
		{"", "", "--password-file " + dir + "/none", "error: cannot read the password: open " + dir + "/none: no such file or directory"},
		{"", "", "--password-file " + readable, "readable, warning: all users can read the password file " + readable},
	} {
		t.Setenv(passwordVariable, c.variable)
		path := write(t, dir, "sd.conf", "[supervisorctl]\n"+c.keys+"\n")
		ctl, err := loadCtl(t, append([]string{"-c", path}, strings.Fields(c.args)...)...)
		got, warning := "", ""
		if err == nil {
			var warnings []string
			warnings, err = ctl.ReadSecrets()
			got, warning = ctl.Password, strings.Join(warnings, ", ")
		}
		if warning != "" {
			got += ", warning: " + warning
		}
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s, %s, %s: %s, want %s", c.keys, c.variable, c.args, got, c.want)
		}
	}
}
