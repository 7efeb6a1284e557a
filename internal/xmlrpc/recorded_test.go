package xmlrpc

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kolo "github.com/kolo/xmlrpc"
	"github.com/rogpeppe/go-internal/txtar"
)

// recorded returns the requests and responses of an implementation from fixtures/rpc, which make record writes.
func recorded(t *testing.T, implementation string) []txtar.File {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("..", "..", "fixtures", "rpc", implementation+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return archive.Files
}

// The recorded requests and responses of both implementations have the same values for three independent decoders: ours,
// kolo/xmlrpc, and Python's xmlrpc.client if Python is installed.
func TestRecordedDecoders(t *testing.T) {
	for implementation, least := range map[string]int{"original": 200, "ours": 200, "own": 80} {
		files := recorded(t, implementation)
		if len(files) < least {
			t.Errorf("%s: only %d files", implementation, len(files))
		}
		python := pythonValues(t, implementation)
		for i, f := range files {
			mine := ourValue(t, f)
			if python != nil {
				if diff := cmp.Diff(python[i], mine); diff != "" {
					t.Errorf("%s, %s: -Python +ours\n%s", implementation, f.Name, diff)
				}
			}
			if strings.HasSuffix(f.Name, "response") {
				if diff := cmp.Diff(koloValue(t, f), emptyIsNil(mine)); diff != "" {
					t.Errorf("%s, %s: -kolo +ours\n%s", implementation, f.Name, diff)
				}
			}
		}
	}
}

// fault is a fault in the common form of the three decoders.
func fault(code int, text string) any { return []any{"fault", float64(code), text} }

// ourValue decodes a file with this package: a call is its name and its parameters.
func ourValue(t *testing.T, f txtar.File) any {
	t.Helper()
	if strings.HasSuffix(f.Name, "request") {
		call, err := ParseCall(f.Data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		return []any{call.Method, plainValue(Value{Kind: Array, Items: call.Params})}
	}
	v, problem, err := ParseResponse(f.Data)
	switch {
	case err != nil:
		t.Fatalf("%s: %v", f.Name, err)
	case problem != nil:
		return fault(problem.Code, problem.Text)
	}
	return plainValue(v)
}

// plainValue is v in the types of encoding/json.
func plainValue(v Value) any {
	switch v.Kind {
	case Int:
		return float64(v.Number)
	case Bool:
		return v.Number != 0
	case Array:
		list := make([]any, len(v.Items))
		for i, item := range v.Items {
			list[i] = plainValue(item)
		}
		return list
	case Struct:
		fields := map[string]any{}
		for _, m := range v.Members {
			fields[m.Name] = plainValue(m.Value)
		}
		return fields
	}
	return v.Text
}

func koloValue(t *testing.T, f txtar.File) any {
	t.Helper()
	response := kolo.Response(f.Data)
	if problem, ok := response.Err().(kolo.FaultError); ok {
		return fault(problem.Code, problem.String)
	}
	var v any
	if err := response.Unmarshal(&v); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return emptyIsNil(v)
}

// emptyIsNil replaces empty strings and lists by nil, as kolo/xmlrpc decodes them.
func emptyIsNil(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		list := slices.Clone(v)
		for i := range list {
			list[i] = emptyIsNil(list[i])
		}
		return list
	case map[string]any:
		fields := map[string]any{}
		for name, field := range v {
			fields[name] = emptyIsNil(field)
		}
		return fields
	}
	return v
}

// pythonScript reads a JSON list of texts and prints the values that xmlrpc.client decodes.
const pythonScript = `
import json, sys, xmlrpc.client
def value(text):
    try:
        params, method = xmlrpc.client.loads(text)
    except xmlrpc.client.Fault as f:
        return ["fault", f.faultCode, f.faultString]
    return [method, list(params)] if method else params[0]
json.dump([value(text) for text in json.load(sys.stdin)], sys.stdout)
`

// pythonValues decodes all files with Python; nil if it is not installed.
func pythonValues(t *testing.T, implementation string) (values []any) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3: two decoders of three")
		return nil
	}
	var texts []string
	for _, f := range recorded(t, implementation) {
		texts = append(texts, string(f.Data))
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", pythonScript)
	cmd.Stdin = strings.NewReader(string(input))
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// deviations are the methods whose results differ between the two implementations, and why.
var deviations = map[string]string{
	"getSupervisorVersion": "N-9", "methodHelp": "DIFF-68", "getAllConfigInfo": "N-4: autorestart", "listMethods": "DIFF-313",
}

// The responses of ours have the values of the original's. The order of processes is compared only where it does not
// depend on timing.
func TestRecordedAlike(t *testing.T) {
	theirs, ours := recorded(t, "original"), recorded(t, "ours")
	if len(theirs) != len(ours) {
		t.Fatalf("%d and %d files", len(theirs), len(ours))
	}
	codes := map[float64]bool{}
	called := map[string]bool{}
	var methods []any // the result of system.listMethods
	for i, f := range theirs {
		if f.Name != ours[i].Name {
			t.Fatalf("%s and %s", f.Name, ours[i].Name)
		}
		want, got := ourValue(t, f), ourValue(t, ours[i])
		if list, ok := got.([]any); ok && len(list) == 3 && list[0] == "fault" {
			codes[list[1].(float64)] = true
			if list[1] == 92.0 { // ours adds the place in the configuration
				list[2], _, _ = strings.Cut(list[2].(string), "\n  ")
			}
		}
		if call, ok := got.([]any); ok && strings.HasSuffix(f.Name, "request") {
			called[call[0].(string)] = true
		}
		if strings.HasSuffix(f.Name, "system.listMethods response") {
			methods = got.([]any)
		}
		_, method, _ := strings.Cut(strings.TrimSuffix(f.Name, " response"), ".")
		if strings.HasSuffix(f.Name, "response") && deviations[method] != "" {
			continue
		}
		if strings.HasSuffix(method, "Processes") || strings.HasSuffix(method, "Group") || strings.HasSuffix(method, "Process") ||
			strings.HasSuffix(method, "Logs") {
			want, got = inOrder(want), inOrder(got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -original +ours\n%s", f.Name, diff)
		}
	}
	for _, f := range recorded(t, "own") { // the methods that the original does not have
		if strings.HasSuffix(f.Name, "request") {
			called[ourValue(t, f).([]any)[0].(string)] = true
		}
	}
	for _, method := range methods {
		if !called[method.(string)] {
			t.Errorf("no call of %s was recorded", method)
		}
	}
	if len(methods) < 50 {
		t.Errorf("only %d methods", len(methods))
	}
	for _, code := range []float64{1, 2, 3, 4, 6, 10, 11, 20, 21, 30, 40, 50, 60, 70, 90, 91, 92} {
		if !codes[code] {
			t.Errorf("no fault %v was recorded", code)
		}
	}
}

// inOrder sorts the statuses of processes.
func inOrder(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return strings.Compare(string(x), string(y))
	})
	return list
}
