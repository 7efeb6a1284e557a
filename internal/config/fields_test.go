package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/envfile"
)

// everything returns a group in which no part is empty. Two calls share no memory.
func everything() *Group {
	user := &account.Account{Name: "web", UID: 7, GID: 8, Groups: []int{8, 9}, Missing: "m"}
	program := &Program{Section: "program:p", Name: "p", Priority: 1, Start: Start{true, 2}, Backoff: Backoff{3},
		Exit: Exit{RestartAlways, []int{4, 5}}, Stop: Stop{6, 7, true, true}, Socket: &Socket{URL: "u", Path: "p"},
		RedirectErr: true, HandlesResults: true}
	run := Run{Command: "c", Directory: "d", Environment: map[string]string{"A": "1"}, User: user, Umask: 2, ServerURL: "s"}
	channel := Channel{Log: Log{"f", 1, 2, LogFile, true}, Capture: 3, Events: true}
	extra := newExtra()
	extraRows(func(r extraRow) { r.reset(extra) }) // so that it has parts of its own
	extra.EnvFiles = []envfile.File{{Path: "a"}, {Path: "b"}}
	extra.Depends.On = []string{"a", "b"}
	extra.Identity.Groups = UserGroups{true, true, []string{"a", "b"}, []int{1, 2}}
	extra.Listening.Sockets = Sockets{{Name: "a", URL: "u"}, {Name: "b", URL: "v"}}
	extra.StopPlan.Sequence.Signals = []StopSignal{{1, 2}, {3, 4}}
	extra.Files.Directories, extra.Files.Patterns, extra.Files.Exclude = []string{"a", "b"}, []string{"a", "b"}, []string{"a", "b"}
	for _, c := range []*ChannelLines{&extra.Lines.Out, &extra.Lines.Err} {
		c.Fields = map[string]string{"A": "1"}
		c.Tees = []Tee{{Path: "a"}, {Path: "b"}}
	}
	for _, a := range []*FileAction{&extra.Files.OnBinary, &extra.Files.OnFile} {
		a.Signals.Signals = []StopSignal{{1, 2}, {3, 4}}
	}
	for _, c := range []*HealthCheck{extra.Checks.Liveness, extra.Checks.Readiness} {
		c.Script.HTTP = &HTTPProbe{Status: []StatusRange{{200, 299}, {404, 404}},
			HTTPOptions: &HTTPOptions{Headers: []string{"A: 1", "B: 2"}}}
	}
	return &Group{Name: "g", Kind: PluginGroup, Priority: 1,
		Processes: []*Process{{Program: program, ProcessName: "n", Run: run, Limits: Limits{step.Nice(1)}, Out: channel, Err: channel,
			Extra: extra}},
		Pool:   &Pool{BufferSize: 1, Events: []string{"E", "F"}, ExtraEvents: []string{"E", "F"}, ResultHandler: "h", HandlerTimeout: 2},
		Plugin: &Plugin{URL: "u", CallWait: 1, CallLimit: 2, ResultMax: 3, EventTypes: []string{"E", "F"}},
		Extra:  &GroupExtra{Groups: []string{"a", "b"}, DependsOn: []string{"a", "b"}}}
}

const memberships = "a name service that does not answer for once must not restart programs"

// unnoticed are the fields that Compare ignores, with the reasons.
var unnoticed = map[string]string{
	"Processes[0].Program.Section":  "where a program was read does not change what runs",
	"Processes[0].Program.Name":     "stands in the section's name, and is expanded where it is used",
	"Processes[0].Run.User.Name":    "another name of the same user",
	"Processes[0].Run.User.GID":     memberships,
	"Processes[0].Run.User.Missing": memberships,

	"Processes[0].Run.User.Groups, shorter":  memberships,
	"Processes[0].Run.User.Groups, reversed": memberships,
	"Processes[0].Run.User.Groups, another":  memberships,

	"Processes[0].Limits, reversed":             "steps are done in the order of their kinds",
	"Pool.Events, reversed":                     "a subscription has no order",
	"Pool.ExtraEvents, reversed":                "a subscription has no order",
	"Name":                                      "another name is another group",
	"Processes[0].Extra.Notify.Ready.Line, nil": "there is none here",
}

// TestCompareNoticesEveryField changes each field of a group and its parts alone, and checks that Compare reports the group.
func TestCompareNoticesEveryField(t *testing.T) {
	fields := 0
	check := func(path string, read *Group) {
		fields++
		changed := len(Compare([]*Group{everything()}, []*Group{read}).Changed) == 1
		if reason := unnoticed[path]; changed == (reason != "") {
			t.Errorf("%s: noticed: %t (%s)", path, changed, reason)
		}
	}
	eachField(reflect.TypeFor[*Group](), "", func(path string, change func(group reflect.Value)) {
		g := everything()
		change(reflect.ValueOf(g))
		check(path, g)
	})
	if diff := Compare([]*Group{everything()}, []*Group{everything()}); diff.Changed != nil {
		t.Error("a group differs from itself")
	}
	if fields < 60 {
		t.Errorf("only %d fields", fields)
	}
}

// neverNil are the types to which all pointers lead somewhere.
var neverNil = []reflect.Type{reflect.TypeFor[Program](), reflect.TypeFor[Policy](), reflect.TypeFor[Hooks](), reflect.TypeFor[StopPlan](),
	reflect.TypeFor[Reload](), reflect.TypeFor[Notify](), reflect.TypeFor[Depends](), reflect.TypeFor[HealthCheck](),
	reflect.TypeFor[Identity](), reflect.TypeFor[ExitOn](), reflect.TypeFor[Cgroup](), reflect.TypeFor[WatchedFiles](),
	reflect.TypeFor[Listening](), reflect.TypeFor[Timing](), reflect.TypeFor[Bounds](), reflect.TypeFor[Shipping](), reflect.TypeFor[Lines](),
	reflect.TypeFor[LogFiles]()}

// eachField calls try for each field of a type and its parts, with the path of the field and a function that changes it.
func eachField(typ reflect.Type, path string, try func(path string, change func(root reflect.Value))) {
	eachValue(typ, strings.TrimPrefix(path, "."), func(v reflect.Value) reflect.Value { return v }, try)
}

// eachValue is eachField for the value that get returns for the root.
func eachValue(typ reflect.Type, path string, get func(reflect.Value) reflect.Value,
	try func(string, func(reflect.Value))) {
	change := func(how string, f func(v reflect.Value)) { try(path+how, func(root reflect.Value) { f(get(root)) }) }
	switch typ.Kind() {
	case reflect.Pointer:
		if path != "" && !strings.HasSuffix(path, "[0]") && !slices.Contains(neverNil, typ.Elem()) {
			change(", nil", func(v reflect.Value) { v.SetZero() })
		}
		eachValue(typ.Elem(), path, func(v reflect.Value) reflect.Value { return get(v).Elem() }, try)
	case reflect.Struct:
		for i := range typ.NumField() {
			if !typ.Field(i).IsExported() { // Extra.set has the texts of the other fields
				continue
			}
			name := strings.TrimPrefix(path+"."+typ.Field(i).Name, ".")
			eachValue(typ.Field(i).Type, name, func(v reflect.Value) reflect.Value { return get(v).Field(i) }, try)
		}
	case reflect.Slice:
		change(", shorter", func(v reflect.Value) { v.SetLen(v.Len() - 1) })
		if typ.Elem().Kind() == reflect.Pointer {
			eachValue(typ.Elem(), path+"[0]", func(v reflect.Value) reflect.Value { return get(v).Index(0) }, try)
			return
		}
		change(", reversed", func(v reflect.Value) {
			reverse := reflect.Swapper(v.Interface())
			reverse(0, v.Len()-1)
		})
		change(", another", func(v reflect.Value) { other(v.Index(0)) })
	case reflect.Map:
		change(", another", func(v reflect.Value) { v.SetMapIndex(reflect.ValueOf("A"), reflect.ValueOf("2")) })
		change(", longer", func(v reflect.Value) { v.SetMapIndex(reflect.ValueOf("B"), reflect.ValueOf("2")) })
	default:
		change("", other)
	}
}

// other sets v to another value.
func other(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Interface:
		changed := reflect.New(v.Elem().Type()).Elem()
		changed.Set(v.Elem())
		other(changed)
		v.Set(changed)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Struct:
		other(v.Field(0))
	case reflect.Uint8, reflect.Uint32:
		v.SetUint(v.Uint() + 1)
	default:
		v.SetInt(v.Int() - 1)
	}
}

// TestUnnoticedExist checks that the exceptions are fields that exist.
func TestUnnoticedExist(t *testing.T) {
	var paths []string
	eachField(reflect.TypeFor[*Group](), "", func(path string, _ func(reflect.Value)) { paths = append(paths, path) })
	for path := range maps.Keys(unnoticed) {
		if !slices.Contains(paths, path) {
			t.Errorf("there is no %s", path)
		}
	}
}
