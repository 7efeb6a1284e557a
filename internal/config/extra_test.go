package config

import (
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// TestExtraKey checks that a row is sufficient for an optional key: that it is read, compared, refused in other sections and shown to
// clients as it is written, and that a program without such keys has no Extra.
func TestExtraKey(t *testing.T) {
	stored := map[*Extra]*int{}
	field := func(e *Extra) *int {
		if stored[e] == nil {
			stored[e] = new(int)
		}
		return stored[e]
	}
	rows := table[Process](Key{Sections: InProgram | InFastCGI, Scope: inProgram, Update: restarts, Since: Ours},
		&extraKey[int]{Key: Key{Name: "test_key", Topic: startTopic, Member: "test_key", Other: "7", Help: "for this test"},
			Type: intType, Absent: 5, Field: field})
	oldCommon, oldAll := commonKeys, processKeys
	defer func() { commonKeys, processKeys = oldCommon, oldAll }()
	commonKeys, processKeys = slices.Concat(commonKeys, rows), slices.Concat(processKeys, rows)

	load := func(text string) *Group { return mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n"+text).Groups[0] }
	plain, equal, changed := load(""), load("test_key=%(program_name).0s05\n"), load("test_key= 6 \n")
	if plain.Processes[0].Extra != nil {
		t.Error("a program without optional keys has an Extra")
	}
	for g, want := range map[*Group]int{plain: 0, equal: 0, changed: 1} {
		if diff := Compare([]*Group{plain}, []*Group{g}); len(diff.Changed) != want {
			t.Errorf("reread: %+v, want %d", diff, want)
		}
	}
	for g, want := range map[*Group]string{plain: `command="c"`, equal: `command="c" test_key="05"`, changed: `command="c" test_key="6"`} {
		var members recorder
		g.Processes[0].Encode(&members)
		if got := strings.Join(members, " "); !strings.HasSuffix(got, want) {
			t.Errorf("members: %s, want %s", got, want)
		}
	}
	for text, want := range map[string]string{
		"[program:p]\ncommand=c\ntest_key=x\n":                             "invalid literal for int() with base 10: 'x' in section 'program:p'",
		"[eventlistener:p]\ncommand=c\nevents=TICK\ntest_key=6\n":          "[eventlistener:p] section sets test_key but this is not allowed",
		"[DEFAULT]\ntest_key=6\n[eventlistener:p]\ncommand=c\nevents=TICK": "",
	} {
		_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", "[supervisord]\n"+text))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	for keys, shared := range map[string]bool{"test_key=6\n": true, "post_stop_hook=/bin/true\n": true,
		"liveness_check_script=/c %(process_num)d\n": false, "envfiles=-/none\n": true} {
		many := load("numprocs=2\nprocess_name=%(process_num)d\n" + keys).Processes
		if got := many[0].Extra == many[1].Extra; got != shared {
			t.Errorf("%s: processes share their Extra: %t", keys, got)
		}
	}
}

// TestPartsOfExtra checks that an Extra has parts of its own only for keys that the section sets, and is small: there may be thousands
// of programs with a single optional key.
func TestPartsOfExtra(t *testing.T) {
	if size := unsafe.Sizeof(Extra{}); bits.UintSize == 64 && size > 208 {
		t.Errorf("an Extra has %d bytes: put what few programs use into a part", size)
	}
	value := reflect.ValueOf(*defaults)
	before := map[string]any{}
	for name, part := range partsOf(value) {
		before[name] = part.Elem().Interface()
	}
	for keys, want := range map[string][]string{
		"exit_on=exit":                 {"ExitOn"},
		"groups=0\nlogin_env=true":     {"Identity"},
		"nice=5":                       nil,
		"killmode=mixed":               {"StopPlan"},
		"cron=@daily\nmaxage=5":        {"Bounds", "Timing"},
		"restartpause=1\nready=fd:3":   {"Notify", "Policy"},
		"hook_timeout=1":               {"Hooks"},
		"cpu_max=50%":                  {"Cgroup"},
		"stdout_logfile_compress=gzip": {"LogFiles"},
		"stop_sequence=INT":            {"StopPlan"},
		"stopsignal=INT:1,TERM":        {"StopPlan"},
		"reloadsignal=USR1":            {"Reload"},
		"startdelay=1":                 {"Depends"},
		"sockets=":                     {"Listening"},
		"stdout_logfile_marks=true":    {"Lines"},

		"liveness_check_period=1\nreadiness_check_script=/c %(process_num)d": {"Liveness", "Readiness"},
	} {
		text := "[supervisord]\n[program:p]\ncommand=c\nnumprocs=2\nprocess_name=%(process_num)d\n" + keys + "\n"
		for _, p := range mustLoad(t, text).Groups[0].Processes {
			if p.Extra == nil && want == nil {
				continue
			}
			var own []string
			for name, part := range partsOf(reflect.ValueOf(*p.Extra)) {
				if part.Pointer() != partsOf(value)[name].Pointer() {
					own = append(own, name)
				}
			}
			if slices.Sort(own); !slices.Equal(own, want) {
				t.Errorf("%s: parts of its own: %q, want %q", keys, own, want)
			}
		}
	}
	for name, part := range partsOf(value) {
		if !reflect.DeepEqual(part.Elem().Interface(), before[name]) {
			t.Errorf("the defaults of %s have changed", name)
		}
	}
}

// TestEqualExtras checks that programs whose optional keys have the same values share them.
func TestEqualExtras(t *testing.T) {
	read := func(first, second string) (a, b *Extra) {
		groups := mustLoad(t, "[supervisord]\n[program:a]\ncommand=a\n"+first+"\n[program:b]\ncommand=b\n"+second+"\n").Groups
		return groups[0].Processes[0].Extra, groups[1].Processes[0].Extra
	}
	const keys = "depends_on=first:started\nready=log:/x+/\nliveness_check_script=http://127.0.0.1:1/ -X HEAD"
	if a, b := read(keys, keys); a != b {
		t.Error("equal keys")
	}
	if a, b := read(keys, "stopsignal=INT:1,TERM\n"+keys); a == b || a.StopPlan == b.StopPlan || a.Depends != b.Depends ||
		a.Notify != b.Notify || a.Checks != b.Checks {
		t.Errorf("a key more: %v, %v", a, b)
	}
	if a, b := read("hook_timeout=1", "hook_timeout=2"); a.Hooks == b.Hooks || a.Hooks.Timeout != time.Second {
		t.Errorf("another value: %v, %v", a.Hooks, b.Hooks)
	}
	if a, b := read("hook_timeout=1", "hook_timeout=01"); a == b { // clients see the texts
		t.Error("another text")
	}
}

// TestExtraInUsedMemory checks that a section whose optional keys are read into the memory of an Extra that was not needed has its own
// values and defaults.
func TestExtraInUsedMemory(t *testing.T) {
	var text strings.Builder
	keys := []string{"restartpause=2", "restartpause=2", "ready_timeout=5", "restartpause=2", "restartpause=2", "restartpause=3", ""}
	text.WriteString("[supervisord]\n")
	for i, k := range keys {
		fmt.Fprintf(&text, "[program:%c]\ncommand=c\n%s\n", 'a'+i, k)
	}
	var got []string
	for _, g := range mustLoad(t, text.String()).Groups {
		e := g.Processes[0].Extra
		if e == nil {
			got = append(got, "none")
			continue
		}
		got = append(got, fmt.Sprintf("%v %v %d %s=%s", e.Policy.Pause, e.Notify.Timeout, len(e.set), e.set[0].key.Name, e.set[0].text))
	}
	want := []string{"2s 1m0s 1 restartpause=2", "2s 1m0s 1 restartpause=2", "0s 5s 1 ready_timeout=5", "2s 1m0s 1 restartpause=2",
		"2s 1m0s 1 restartpause=2", "3s 1m0s 1 restartpause=3", "none"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// partsOf returns the parts of an Extra by name.
func partsOf(extra reflect.Value) map[string]reflect.Value {
	parts := map[string]reflect.Value{"Liveness": extra.FieldByName("Checks").Field(0), "Readiness": extra.FieldByName("Checks").Field(1)}
	for field, v := range extra.Fields() {
		if v.Kind() == reflect.Pointer {
			parts[field.Name] = v
		}
	}
	return parts
}
