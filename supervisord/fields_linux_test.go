package main

import (
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/rpc"
	"github.com/gosupervisor/supervisor/internal/sdnotify"
	"github.com/gosupervisor/supervisor/internal/socket"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/web"
)

const module = "github.com/gosupervisor/supervisor/"

// ownTests are the packages whose values are handed over whole, with the tests that fail for a field that is not.
var ownTests = map[string]string{
	"internal/account":  "config: TestHandoverOfEveryField",
	"internal/api":      "they are values without references",
	"internal/config":   "config: TestHandoverOfEveryField",
	"internal/safefile": "they are values without references",
	"internal/state":    "state: TestHandoverOfEachField",
}

// behindInterfaces are types with state that fields of the types above them reach by interfaces only, which have no fields to walk.
var behindInterfaces = []reflect.Type{
	reflect.TypeFor[output.Strip](), reflect.TypeFor[output.Capture](), reflect.TypeFor[output.Match](), reflect.TypeFor[output.Events](),
	reflect.TypeFor[logs.FileTarget](), reflect.TypeFor[logs.SyslogTarget](), reflect.TypeFor[logs.JournalTarget](), reflect.TypeFor[logs.Journal](), reflect.TypeFor[logs.DebugTarget](),
	reflect.TypeFor[events.Listener](), reflect.TypeFor[events.ExternalHandler](), reflect.TypeFor[socket.Socket](), reflect.TypeFor[plugin.Plugin](),
	reflect.TypeFor[helper.Run](), reflect.TypeFor[sdnotify.Socket](), reflect.TypeFor[sdnotify.Pipe](),
	reflect.TypeFor[rpc.Server](), reflect.TypeFor[operations.Service](), reflect.TypeFor[web.Handler](), // services
}

// decisions reads the table: for each type, the decision about each field.
func decisions(t *testing.T) map[string]map[string]string {
	text, err := os.ReadFile("testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	name := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		field, decision, _ := strings.Cut(strings.TrimSpace(line), " ")
		decision = strings.TrimSpace(decision)
		switch {
		case line == "" || line[0] == '#':
		case line[0] != ' ':
			if name = line; all[name] != nil {
				t.Errorf("%s is there twice", name)
			}
			all[name] = map[string]string{}
		case all[name][field] != "":
			t.Errorf("%s.%s is there twice", name, field)
		default:
			all[name][field] = decision
			kind, reason, _ := strings.Cut(decision, ": ")
			if kind == "handed over" && reason != "" || kind != "handed over" && (reason == "" || kind != "rebuilt" && kind != "not needed") {
				t.Errorf("%s.%s: %q is not \"handed over\", \"rebuilt: REASON\" or \"not needed: REASON\"", name, field, decision)
			}
		}
	}
	return all
}

// TestFieldsAreDecided walks the types of all that supervisord has in memory, and checks that it is decided about each field what becomes
// of it in an upgrade. A new field fails it.
func TestFieldsAreDecided(t *testing.T) {
	table := decisions(t)
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
			walk(typ.Elem())
		case reflect.Map:
			walk(typ.Key())
			walk(typ.Elem())
		case reflect.Struct:
			if strings.HasPrefix(typ.PkgPath(), "sync/atomic") { // atomic.Pointer[T]
				for i := range typ.NumField() {
					if f := typ.Field(i).Type; f.Kind() == reflect.Array {
						walk(f)
					}
				}
				return
			}
			path, ours := strings.CutPrefix(typ.PkgPath(), module)
			if !ours || ownTests[path] != "" {
				return
			}
			fields := table[typ.String()]
			for i := range typ.NumField() {
				name := typ.Field(i).Name
				if f := typ.Field(i).Type; f == reflect.TypeFor[sync.Mutex]() || f == reflect.TypeFor[sync.RWMutex]() {
					continue
				}
				switch decision := fields[name]; decision {
				case "":
					t.Errorf("%s.%s (%s): testdata/fields.txt does not have what becomes of it in an upgrade", typ, name, typ.Field(i).Type)
				case "handed over":
					walk(typ.Field(i).Type)
				}
				delete(fields, name)
			}
		}
	}
	walk(reflect.TypeFor[supervisord]())
	walk(reflect.TypeFor[supervisor.Supervisor]())
	for _, typ := range behindInterfaces {
		walk(typ)
	}
	if len(seen) < 80 {
		t.Errorf("only %d types were found", len(seen))
	}
	for name, fields := range table {
		for field := range fields {
			t.Errorf("testdata/fields.txt: %s.%s does not exist, or is below a field that is not handed over", name, field)
		}
	}
}
