package config

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// handOver returns what a next program makes of the active groups and of readings, and the size of the document.
func handOver(t testing.TB, active []*Group, readings ...*Config) ([]*Group, []*Config, int) {
	t.Helper()
	w := handover.NewWriter("5.1.0")
	w.Put("config", Export(w, active, nil, readings...))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	r, err := handover.Read(text, "5.1.0", true)
	if err != nil {
		t.Fatal(err)
	}
	var s State
	r.Get("config", &s)
	active, _, readings = Import(r, s)
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
	return active, readings, len(text)
}

// exactly compares all fields.
var exactly = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.Comparer(func(a, b *regexp.Regexp) bool { return a == b || a != nil && b != nil && a.String() == b.String() }),
}

// counterparts checks that what is one thing in the one value is one thing in the other, and returns what differs.
func counterparts(one, other any) (different []string) {
	seen := map[string]unsafe.Pointer{}
	var walk func(path string, a, b reflect.Value)
	walk = func(path string, a, b reflect.Value) {
		switch a.Kind() {
		case reflect.Pointer, reflect.Map:
			switch a.Type() {
			case reflect.TypeFor[*regexp.Regexp](), reflect.TypeFor[*Key](), reflect.TypeFor[*HTTPProbe](): // a value is all that counts
				return
			case reflect.TypeFor[*Pool](), reflect.TypeFor[*Plugin](), reflect.TypeFor[*GroupExtra](): // in a group that was edited, too
				return
			}
			if a.IsNil() {
				return
			}
			id := fmt.Sprint(a.Type(), a.UnsafePointer())
			if before, ok := seen[id]; ok {
				if before != b.UnsafePointer() {
					different = append(different, path)
				}
				return
			}
			seen[id] = b.UnsafePointer()
			if a.Kind() == reflect.Pointer {
				walk(path, a.Elem(), b.Elem())
			}
		case reflect.Struct:
			for i := range a.NumField() {
				walk(path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
			}
		case reflect.Slice:
			for i := range a.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))
			}
		}
	}
	walk("", reflect.ValueOf(one), reflect.ValueOf(other))
	return different
}

// whole is all that is handed over.
type whole struct {
	Active   []*Group
	Readings []*Config
}

// checkHandover hands over active groups and readings, and checks that nothing has changed.
func checkHandover(t *testing.T, active []*Group, readings ...*Config) (got whole, size int) {
	t.Helper()
	want := whole{active, readings}
	got.Active, got.Readings, size = handOver(t, active, readings...)
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
		return got, size
	}
	// Optional keys of programs, which nothing changes, may be shared with the reading before.
	more := slices.DeleteFunc(counterparts(got, want), func(path string) bool { return strings.Contains(path, ".Extra") })
	for _, way := range [][]string{counterparts(want, got), more} {
		if len(way) > 0 {
			t.Errorf("%d were one thing, and are two: %s", len(way), way[0])
		}
	}
	return got, size
}

// TestHandoverOfScripts hands over the configurations of all scripts and pages, and of real projects. Afterwards a reading of the same
// file shows no change.
// covers: L12-k
func TestHandoverOfScripts(t *testing.T) {
	count := 0
	environ := []string{"PATH=/usr/bin:/bin", "HOME=/root", "USER=root", "CAFE=caf\xe9"}
	try := func(t *testing.T, path, text string) {
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path})
		if err != nil {
			t.Fatal(err)
		}
		filled := filledEnviron(text, environ)
		c, err := load(o, filled, stubHost)
		if err != nil {
			return // it is to be refused
		}
		again, err := load(o, filled, stubHost)
		if err != nil {
			t.Fatal(err)
		}
		count++
		edited := slices.Clone(c.Groups)
		if len(edited) > 0 { // as after an addProgramToGroup
			g := *edited[0]
			edited[0] = &g
		}
		got, _ := checkHandover(t, edited, c, again, c)
		for _, running := range [][]*Group{got.Active, got.Readings[0].Groups} {
			if diff := cmp.Diff(Compare(c.Groups, again.Groups), Compare(running, again.Groups)); diff != "" {
				t.Errorf("update would do something else than before:\n%s", diff)
			}
		}
		for i := 1; i < len(edited); i++ {
			if got.Active[i] != got.Readings[0].Groups[i] {
				t.Errorf("group %s is not the one of the reading any more", edited[i].Name)
			}
		}
	}
	scripts, err := filepath.Glob("../../conformance/scripts/*/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimPrefix(script, "../../conformance/scripts/"), func(t *testing.T) {
			archive, err := txtar.ParseFile(script)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range archive.Files {
				write(t, dir, f.Name, string(f.Data))
			}
			for _, f := range archive.Files {
				text := string(f.Data)
				if filepath.Ext(f.Name) != ".conf" {
					continue
				}
				if !strings.Contains(text, "[supervisord]") {
					text = "[supervisord]\nenvironment=COMMON=\"1\"\n" + text
				}
				try(t, write(t, dir, f.Name, text), text)
			}
		})
	}
	for _, pattern := range []string{corpusDir + "/*.conf", "../../docs/*/*.conf", "../../scripts/*/*.conf", "sample.conf"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				main := string(text)
				if !strings.Contains(main, "[supervisord]") {
					main = "[supervisord]\n" + main
				}
				try(t, write(t, t.TempDir(), "sd.conf", main), main)
			})
		}
	}
	if count < 400 {
		t.Errorf("only %d configurations", count)
	}
}

// filler sets everything in a value to something else than zero, and than anything before.
type filler struct{ n int }

func (f *filler) fill(v reflect.Value) {
	f.n++
	if v.CanAddr() { // fields that are not exported, too
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	switch v.Type() {
	case reflect.TypeFor[*reader]():
		return
	case reflect.TypeFor[*Key]():
		v.Set(reflect.ValueOf(processKeys[f.n%len(processKeys)].key()))
		return
	case reflect.TypeFor[*regexp.Regexp]():
		v.Set(reflect.ValueOf(regexp.MustCompile(fmt.Sprint("x", f.n))))
		return
	case reflect.TypeFor[step.Step]():
		v.Set(reflect.ValueOf(step.Nice(f.n % 20)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("\xff%d", f.n))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n%100 + 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n%100 + 1))
	case reflect.Float64:
		v.SetFloat(float64(f.n) / 7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{fmt.Sprintf("A\xff%d", f.n): "b"}))
	default:
		panic("a field of an unexpected kind: " + v.Type().String())
	}
}

// TestHandoverOfEveryField hands over a configuration in which nothing is empty, and one in which everything is, so that a field that
// is added later must be handed over, too.
func TestHandoverOfEveryField(t *testing.T) {
	for _, fill := range []bool{true, false} {
		extra := &Extra{}
		for _, p := range parts {
			p.own(extra)
		}
		c := &Config{Servers: make([]Server, 1), Interfaces: make([]Interface, 1), Messages: make([]Message, 1), Groups: []*Group{
			{Processes: []*Process{{Program: &Program{Socket: &Socket{}}, Extra: extra}}, Pool: &Pool{}, Plugin: &Plugin{}, Extra: &GroupExtra{}}}}
		if fill {
			new(filler).fill(reflect.ValueOf(c).Elem())
		}
		c.reader = (&reader{path: c.Path}).kept()
		if fill {
			c.reader = (&reader{env: map[string]string{"E": "1"}, node: "n", path: c.Path, here: "/h", common: c.Supervisord.Environment,
				variables: map[string]string{"v": "1"}, exitOn: ExitAny}).kept()
		}
		checkHandover(t, c.Groups, c)
	}
}

// TestHandoverOfReader checks which fields of the reader are kept for programs that are added later, and so are handed over.
func TestHandoverOfReader(t *testing.T) {
	var r reader
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		switch v.Field(i).Kind() {
		case reflect.String, reflect.Bool:
			new(filler).fill(v.Field(i))
		case reflect.Map, reflect.Slice:
			field := reflect.NewAt(v.Field(i).Type(), v.Field(i).Addr().UnsafePointer()).Elem()
			if field.Kind() == reflect.Map {
				field.Set(reflect.MakeMap(field.Type()))
			} else {
				field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			}
		case reflect.Pointer:
			field := reflect.NewAt(v.Field(i).Type(), v.Field(i).Addr().UnsafePointer()).Elem()
			field.Set(reflect.New(field.Type().Elem()))
		}
	}
	r.lenient, r.host = true, stubHost
	kept := reflect.ValueOf(r.kept()).Elem()
	var names []string
	for i := range kept.NumField() {
		if !kept.Field(i).IsZero() {
			names = append(names, kept.Type().Field(i).Name)
		}
	}
	if diff := cmp.Diff([]string{"env", "node", "path", "here", "common", "variables", "exitOn", "shipping", "sockets"}, names); diff != "" {
		t.Errorf("ReaderState has other fields:\n%s", diff)
	}
}

// TestHandoverOfAdded checks that a program is added as before, also if the files have gone.
// covers: L12-k
func TestHandoverOfAdded(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "sd.conf", "[supervisord]\nenvironment=C=1\nsyslog_facility=local3\n[variables]\nx=v\n[program:a]\ncommand=a\n")
	c, err := loadFile(t, path, "--exit-on", "fatal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, after, _ := handOver(t, c.Groups, c)
	options := []Option{{"command", "%(here)s/b %(VAR_x)s %(ENV_HOME)s %(host_node_name)s"}, {"environment", "B=2"}, {"numprocs", "2"},
		{"process_name", "%(process_num)d"}}
	want, err := c.NewProcesses("g", "b", options)
	if err != nil {
		t.Fatal(err)
	}
	got, err := after[0].NewProcesses("g", "b", options)
	if diff := cmp.Diff(want, got, exactly); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestHandoverOfManyProcesses checks that the processes of a program share as much memory as before, and the size of the document.
// covers: L12-l
func TestHandoverOfManyProcesses(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:a]\ncommand=/bin/a %(process_num)d\nprocess_name=%(process_num)04d\nnumprocs=1000\n"+
		"directory=/\nserverurl=http://h:1\nenvironment=A=\"1\"\nready=log:/x/\nenvfiles=-/e\n"+
		"liveness_check_script=http://localhost/\nstdout_logfile=/tmp/a\nstderr_logfile=/tmp/%(process_num)d\n")
	got, size := checkHandover(t, c.Groups, c)
	if size > 400_000 {
		t.Errorf("%d bytes", size)
	}
	first, last := got.Active[0].Processes[0], got.Active[0].Processes[999]
	for name, of := range map[string]func(p *Process) string{
		"directory":      func(p *Process) string { return p.Run.Directory },
		"serverurl":      func(p *Process) string { return p.Run.ServerURL },
		"stdout_logfile": func(p *Process) string { return p.Out.Log.Path },
		"envfiles":       func(p *Process) string { return p.Extra.EnvFiles[0].Path },
		"set":            func(p *Process) string { return p.Extra.set[0].text },
	} {
		if a, b := of(first), of(last); a != b || unsafe.StringData(a) != unsafe.StringData(b) {
			t.Errorf("%s is not shared", name)
		}
	}
	if first.Program != last.Program || first.Extra.Notify.Ready.Line != last.Extra.Notify.Ready.Line ||
		first.Extra.Checks.Liveness.Script.HTTP != last.Extra.Checks.Liveness.Script.HTTP {
		t.Error("the program is not shared")
	}
	var text strings.Builder
	text.WriteString("[supervisord]\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "[program:program-%d]\ncommand=/usr/bin/program --number %d\nuser=root\nautorestart=true\n", i, i)
	}
	plain := mustLoad(t, text.String())
	if _, size := checkHandover(t, plain.Groups, plain); size > 1_000_000 {
		t.Errorf("1000 programs: %d bytes", size)
	} else {
		t.Logf("1000 programs: %d bytes", size)
	}
}

// TestHandoverNeeds checks that the keys in use, which the original does not have, are needs, and no others.
// covers: L12-j
func TestHandoverNeeds(t *testing.T) {
	c := mustLoad(t, "[supervisord]\nmax_starting=2\n[program:a]\ncommand=a\nnice=3\nstopsignal=INT:5,TERM\nstartdelay=1\n[program:b]\ncommand=b\n"+
		"[eventlistener:l]\ncommand=l\nevents=TICK_5\npayload_length=bytes\n[inet_http_server]\nport=1\nallowed_hosts=h\n"+
		"[group:g]\nprograms=b\ndepends_on=a\n[rpcinterface:p]\ncommand=p\ncall_limit=3\n", "--exit-on", "fatal")
	w := handover.NewWriter("5.1.0")
	w.Put("config", Export(w, c.Groups, nil, c))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"needs":\[([^]]*)\]`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s", text)
	}
	needs := strings.Split(strings.ReplaceAll(string(found[1]), `"`, ""), ",")
	slices.Sort(needs)
	want := []string{"allowed_hosts", "call_limit", "depends_on", "exit_on", "max_starting", "nice", "payload_length", "startdelay",
		"stop_sequence"}
	if diff := cmp.Diff(want, needs); diff != "" {
		t.Error(diff)
	}
	if _, err := handover.Read([]byte(`{"format":1,"needs":["stop_sequence","stopsignal"]}`), "5.1.0", true); err == nil ||
		err.Error() != "5.1.0 cannot take over: this supervisord uses stopsignal" {
		t.Errorf("%v", err)
	}
}

// TestHandoverOfOldGroups checks that keys of a group are no needs any more when an update has changed or removed it.
// covers: L12-j
func TestHandoverOfOldGroups(t *testing.T) {
	started := mustLoad(t, "[supervisord]\n[program:a]\ncommand=a\ncrashlimit=5/1m\n[program:b]\ncommand=b\nstartdelay=1\n[program:c]\ncommand=c\nrestartpause=1\n")
	read := mustLoad(t, "[supervisord]\n[program:a]\ncommand=a\n[program:c]\ncommand=c\n")
	active := []*Group{read.Groups[0], started.Groups[2]} // c has not been updated
	w := handover.NewWriter("5.1.0")
	w.Put("config", Export(w, active, nil, started.Current(active, read), read))
	text, err := w.Text()
	if err != nil || !bytes.Contains(text, []byte(`"needs":["restartpause"]`)) {
		t.Errorf("%v: %s", err, text)
	}
	if len(started.Groups) != 3 || read.Current(active, read) != read {
		t.Error("a configuration was changed")
	}
}

// TestHandoverOfDefaults reads a state of a version that did not have some keys: they have their defaults.
// covers: L12-j
func TestHandoverOfDefaults(t *testing.T) {
	r, err := handover.Read([]byte(`{"format":1,"rooms":{"config":{"groups":[{"name":"l","kind":2,"pool":{"events":["TICK_5"]},"plugin":{}}],`+
		`"processes":[{"program":1,"extra":1}],"programs":[{}],"extras":[{"keys":{"later":1,"exit_code":3},"set":[{"key":"later"},{"key":"exit_code","text":"3"}]}],`+
		`"configs":[{"supervisord":{"identifier":"i"},"servers":[{"port":1}]}],"active":[1],"readings":[1]}}}`), "5.1.0", true)
	if err != nil {
		t.Fatal(err)
	}
	var s State
	r.Get("config", &s)
	active, _, readings := Import(r, s)
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	g := active[0]
	if want := (&Pool{BufferSize: 10, Events: []string{"TICK_5"}, ResultHandler: DefaultHandler, HandlerTimeout: 5}); !cmp.Equal(want, g.Pool) {
		t.Errorf("%+v", g.Pool)
	}
	if g.Plugin.CallWait != 10 || readings[0].Supervisord.MinFDs != 1024 || readings[0].Supervisord.Umask != -1 {
		t.Errorf("%+v %+v", g.Plugin, readings[0].Supervisord)
	}
}

// TestHandoverOfOptions checks that a program that was executed again reads the same file with the same options, whatever has become of
// the working directory and of the directories that the options name.
// covers: L12-k
func TestHandoverOfOptions(t *testing.T) {
	home, start := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(start)
	write(t, home, "logs/x", "")
	write(t, start, "sd.conf", "[supervisord]\n[program:a]\ncommand=a\n")
	args := []string{"-n", "-c", "sd.conf", "-q", "~/logs", "-l", "~/logs/main", "-i", "caf\xe9", "-e", "debug", "-m", "027", "-u", "root",
		"--exit-on", "fatal", "-j", ""}
	before, err := ParseArgs("supervisord", args)
	if err != nil {
		t.Fatal(err)
	}
	want, err := load(before, testEnviron, stubHost)
	if err != nil {
		t.Fatal(err)
	}
	text, err := handover.Marshal(before.Export())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/elsewhere")
	t.Chdir("/")
	if err := os.RemoveAll(home); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it can be handed over again
		var s OptionsState
		if err := handover.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		after, err := ImportOptions(s, args)
		if err != nil {
			t.Fatal(err)
		}
		got, err := load(after, testEnviron, stubHost)
		if err != nil {
			t.Fatal(err)
		}
		got.Supervisord.Pidfile = want.Supervisord.Pidfile // relative to the working directory, as ever
		got.Sources.At = want.Sources.At
		if diff := cmp.Diff(want, got, exactly); diff != "" {
			t.Errorf("-before +after:\n%s", diff)
		}
		if text, err = handover.Marshal(after.Export()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ImportOptions(OptionsState{}, args); err == nil {
		t.Error("texts that were not handed over are no error")
	}
}

// FuzzImport imports arbitrary states: an error at most.
func FuzzImport(f *testing.F) {
	f.Add([]byte(`{"processes":[{"program":2,"like":3,"extra":1,"limits":[{"k":"nice","v":"x"}]}],"programs":[{"socket":7}],` +
		`"extras":[{"like":1,"keys":{"ready":{"line":"("}},"own":4,"set":[{"key":"ready"}]}],"groups":[{"processes":[1,-1,9]}],` +
		`"configs":[{"groups":[1,2],"supervisord":{"user":9},"reader":{"environ":2}}],"active":[0,1],"readings":[1,7]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		document := slices.Concat([]byte(`{"format":1,"rooms":{"config":`), text, []byte(`}}`))
		r, err := handover.Read(document, "5.1.0", true)
		if err != nil {
			return
		}
		var s State
		r.Get("config", &s)
		active, _, readings := Import(r, s)
		if r.Err() == nil && (len(active) != len(s.Active) || len(readings) != len(s.Readings)) {
			t.Error("there is no error, but something is missing")
		}
	})
}

// TestNumbersStay holds the numbers that states contain: another meaning of a number would be another configuration after an upgrade.
func TestNumbersStay(t *testing.T) {
	got := map[string][]int{
		"Kind":       {int(ProgramGroup), int(NamedGroup), int(ListenerGroup), int(FastCGIGroup), int(PluginGroup)},
		"Restart":    {int(RestartNever), int(RestartUnexpected), int(RestartAlways)},
		"LogKind":    {int(LogNone), int(LogAuto), int(LogFile)},
		"ReadyKind":  {int(ReadySecs), int(ReadyNotify), int(ReadyFD), int(ReadyLog), int(ReadyCheck)},
		"Switch":     {int(Unset), int(Off), int(On)},
		"CheckKind":  {int(NoCheck), int(HTTPCheck), int(TCPCheck), int(UnixCheck), int(CommandCheck)},
		"ActionKind": {int(ActionNone), int(ActionRestart), int(ActionStop), int(ActionSignal), int(ActionExit), int(ActionCommand)},
	}
	for name := range maps.Keys(got) {
		for i, n := range got[name] {
			if n != i {
				t.Errorf("%s: %v", name, got[name])
			}
		}
	}
}

// TestHandoverOfValuesInUse hands over what a process keeps until its next start, beside its configuration.
func TestHandoverOfValuesInUse(t *testing.T) {
	const keys = "stop_sequence=INT:1,TERM\nready=log:/up/\n"
	before := mustLoad(t, "[supervisord]\n[program:p]\ncommand=old\nuser=0\n"+keys+"watchdog=30\nenvironment=A=1\n")
	after := mustLoad(t, "[supervisord]\n[program:p]\ncommand=new\nstartsecs=7\nhook_timeout=3\n"+keys)
	kept := Pair{before.Groups[0].Processes[0], after.Groups[0].Processes[0]}.Kept()
	w := handover.NewWriter("5.1.0")
	w.Put("config", Export(w, after.Groups, map[string]*Process{"p:p": kept}, after))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	r, err := handover.Read(text, "5.1.0", true)
	if err != nil {
		t.Fatal(err)
	}
	var s State
	r.Get("config", &s)
	active, inUse, _ := Import(r, s)
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
	got := inUse["p:p"]
	if diff := cmp.Diff(kept, got, exactly); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	for what, pair := range map[string][2]string{
		"in use":     {got.Run.Command, "old"},
		"configured": {active[0].Processes[0].Run.Command, "new"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s", what, pair[0])
		}
	}
	if inPlace, later := (Pair{got, active[0].Processes[0]}).Keys(); inPlace != nil || !slices.Equal(later, []string{"user", "environment", "command"}) {
		t.Errorf("%v %v", inPlace, later)
	}
}
