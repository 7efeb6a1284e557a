package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/account"
)

// corpusDir has configurations of real projects, and the values that the original reads from them. It is not part of this repository.
const corpusDir = "../../../shared/corpus"

// stubHost has all directories and users, and a plug-in that is not built in.
var stubHost = host{
	isDir:    func(string) bool { return true },
	accounts: stubAccounts{account.New()},
	plugin:   func(spec string) bool { return isBuiltIn(spec) || strings.HasPrefix(spec, "multivisor.rpc:") },
}

type stubAccounts struct{ *account.Directory }

func (stubAccounts) Lookup(name string) (*account.Account, error) {
	return &account.Account{Name: name, UID: 4242, GID: 4242}, nil
}

func (stubAccounts) LookupOwner(owner string) (int, int, error) {
	if strings.Contains(owner, ":") {
		return 4242, 4242, nil
	}
	return 4242, -1, nil
}

// bareHost is this host with only the original's own plug-ins.
var bareHost = host{isDir: isDir, plugin: func(spec string) bool { return spec == DefaultHandler || spec == MainInterface }}

var envName = regexp.MustCompile(`%\(ENV_([^)]*)\)`)

// filledEnviron defines all variables that the text expands.
func filledEnviron(text string, environ []string) []string {
	environ = slices.Clone(environ)
	for _, m := range envName.FindAllStringSubmatch(text, -1) {
		value := "1"
		if strings.Contains(m[1], "LEVEL") {
			value = "info"
		}
		environ = append(environ, m[1]+"="+value)
	}
	return environ
}

func TestCorpus(t *testing.T) {
	corpus, err := filepath.Abs(corpusDir)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(corpus, "EXPECTED.tsv"))
	if err != nil {
		t.Skipf("the corpus of real configurations is not there: %v", err)
	}
	environ := []string{"PATH=/usr/bin:/bin", "HOME=/root", "USER=root", "LANG=C.UTF-8"}
	for _, row := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		fields := strings.Split(row, "\t")
		name := fields[0]
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			dir, err := os.MkdirTemp("/tmp", "corpus") // as deep as in the recording, for values with ../
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			t.Chdir(dir)
			write(t, dir, name, string(text))
			main := name
			if fields[1] == "fragment" {
				main = "wrapper.conf"
				write(t, dir, main, "[supervisord]\n[include]\nfiles = "+name+"\n")
			}
			o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", main})
			if err != nil {
				t.Fatal(err)
			}
			filled := filledEnviron(string(text), environ)
			check := func(mode, want string, environ []string, h host) *Config {
				c, err := load(o, environ, h)
				got := "accept"
				if err != nil {
					got = "reject: Error: " + strings.ReplaceAll(err.Error(), dir, "<HERE>")
				}
				if !strings.Contains(want, "No module named") { // added after the recording
					got, _, _ = strings.Cut(got, ": No module named")
				}
				if got != want {
					t.Errorf("%s\n got: %s\nwant: %s", mode, got, want)
				}
				return c
			}
			if strings.Contains(fields[2], "for 'supervisord.environment'") { // has got another label and name since
				fields[2] = strings.Replace(fields[2], "supervisord.environment", "environment", 1) + ", host_node_name"
			}
			fields[2] = ofSecret.ReplaceAllString(fields[2], "Format string for$1")
			check("plain", fields[2], environ, bareHost)
			check("env_filled", fields[3], filled, bareHost)
			want := fields[4]
			if newest, ok := strings.CutPrefix(fields[5], "differs: "); ok {
				want = newest
			}
			if c := check("env_users_dirs_filled", want, filled, stubHost); c != nil {
				golden := filepath.Join(corpus, "golden", strings.TrimSuffix(name, ".conf")+".json")
				compareGolden(t, c, dir, golden)
			}
		})
	}
}

// ofSecret is the part of a message of the original that shows the value of a key that may contain a password.
var ofSecret = regexp.MustCompile(`(?s)Format string '.*' for( '(?:[^']*\.)?(?:command|environment|password)')`)

// TestCorpusMerge reads two files of a project that are valid only together: one has the owner of the socket, the other its path.
func TestCorpusMerge(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"136-zulip-programs.conf", "137-zulip-supervisord.conf"} {
		text, err := os.ReadFile(filepath.Join(corpusDir, name))
		if err != nil {
			t.Skipf("the corpus of real configurations is not there: %v", err)
		}
		write(t, dir, name, string(text))
	}
	main := write(t, dir, "wrapper.conf", "[supervisord]\n[include]\nfiles = 13*.conf\n")
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", main})
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(o, testEnviron, stubHost)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Servers) != 1 || c.Servers[0].UID != 4242 || c.Servers[0].File == "" {
		t.Errorf("servers: %+v", c.Servers)
	}
}

// compareGolden compares a configuration with the recorded values of the original.
func compareGolden(t *testing.T, c *Config, dir, golden string) {
	t.Helper()
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "<HERE>", dir)), &want); err != nil {
		t.Fatal(err)
	}
	ours, err := json.Marshal(goldenOf(c))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(ours, &got); err != nil {
		t.Fatal(err)
	}
	for _, group := range want["groups"].([]any) { // we start them by priority, the recording is in listed order
		slices.SortStableFunc(group.(object)["processes"].([]any), func(a, b any) int {
			return int(a.(object)["priority"].(float64) - b.(object)["priority"].(float64))
		})
	}
	got["warnings"] = slices.DeleteFunc(got["warnings"].([]any), func(w any) bool { // of ours alone
		return strings.Contains(w.(string), "[include] has no effect")
	})
	for key := range want {
		if _, ok := got[key]; !ok {
			delete(want, key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs from the original (-original +ours):\n%s", diff)
	}
}
