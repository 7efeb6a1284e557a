package docs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/scanner"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gosupervisor/supervisor/internal/output"
)

const shippersPage = "howto-log-shippers.md"

// shipperSections returns the configurations of the page about shippers by their headings, in order.
func shipperSections(t *testing.T) map[string][]block {
	t.Helper()
	text, err := os.ReadFile(shippersPage)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]block{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(section, "\n")
		for _, b := range blocks(rest) {
			if b.language == "yaml" || b.language == "alloy" {
				found[heading] = append(found[heading], b)
			}
		}
	}
	return found
}

// shipped is what a shipper does with a log, as its configuration says.
type shipped struct {
	path    string
	time    string            // the member with the time of a record
	layout  string            // its form, as a layout of package time
	labels  map[string]string // names of labels and the members that they have; nil: all members are sent
	message string            // the member that becomes the text; empty: the whole record
}

// TestShippers compares the configurations of shippers with what supervisord writes: paths, members, and the form of times.
func TestShippers(t *testing.T) {
	record := (&output.JSON{Names: &output.Names{Group: "g", Process: "web", Channel: "stdout", PID: func() int { return 7 }}}).Append(nil,
		&output.Record{Time: time.Date(2026, 11, 27, 14, 49, 8, 123456789, time.UTC), Mark: output.MarkLine, Text: []byte("it works")})
	var members map[string]any
	if err := json.Unmarshal(record, &members); err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"group": "g", "name": "web", "channel": "stdout"}
	sections := shipperSections(t)
	for name, read := range map[string]func(*testing.T, string) shipped{
		"Alloy": readAlloy, "Promtail": readPromtail, "Vector": readVector, "Fluent Bit": readFluentBit, "OpenTelemetry Collector": readCollector,
		"Filebeat": readFilebeat,
	} {
		t.Run(name, func(t *testing.T) {
			if len(sections[name]) != 1 {
				t.Fatalf("there are %d configurations", len(sections[name]))
			}
			s := read(t, sections[name][0].text)
			for path, want := range map[string]bool{"web.log": true, "web.log.1": false, "web.log.1.gz": false, "web.log.2026-11-27.zst": false} {
				if got, err := filepath.Match(s.path, "/var/log/programs/"+path); err != nil || got != want {
					t.Errorf("%s matches %s: %v, %v", s.path, path, got, err)
				}
			}
			stamp, _ := members[s.time].(string)
			if at, err := time.Parse(s.layout, stamp); err != nil || at.Nanosecond() != 123456000 {
				t.Errorf("%q of the record is not a time of the form %s: %v", stamp, s.layout, err)
			}
			if at, err := time.Parse(s.layout, "2026-11-27T15:49:08.123456+01:00"); err != nil || at.UTC().Hour() != 14 {
				t.Errorf("a time with a zone is not of the form %s: %v", s.layout, err)
			}
			if s.message != "" && members[s.message] != "it works" {
				t.Errorf("there is no message in %s", s.message)
			}
			for label, member := range s.labels {
				if members[member] != labels[label] {
					t.Errorf("label %s is %v of the record", label, members[member])
				}
			}
			if s.labels != nil && len(s.labels) != len(labels) {
				t.Errorf("labels are %v", s.labels)
			}
		})
	}
}

// parsed is a YAML document, in which a value is found by a path.
type parsed struct {
	t    *testing.T
	root any
}

func parseYAML(t *testing.T, text string) parsed {
	t.Helper()
	var root any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	return parsed{t, root}
}

// at returns the value at a path of keys and indexes.
func (p parsed) at(path ...any) any {
	p.t.Helper()
	v := p.root
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				p.t.Fatalf("there is no %v", path)
			}
			v = list[step]
		}
	}
	if v == nil {
		p.t.Fatalf("there is no %v", path)
	}
	return v
}

func (p parsed) text(path ...any) string {
	p.t.Helper()
	text, ok := p.at(path...).(string)
	if !ok {
		p.t.Fatalf("%v is no text", path)
	}
	return text
}

func (p parsed) texts(path ...any) map[string]string {
	p.t.Helper()
	m, _ := p.at(path...).(map[string]any)
	texts := map[string]string{}
	for key := range m {
		texts[key] = p.text(append(slices.Clone(path), key)...)
	}
	return texts
}

// goLayout is the layout that clients of Loki know by a name.
func goLayout(t *testing.T, name string) string {
	t.Helper()
	if name != "RFC3339Nano" {
		t.Fatalf("the form of times is %s", name)
	}
	return time.RFC3339Nano
}

// through returns labels of which each has the value of an expression.
func through(labels, expressions map[string]string) map[string]string {
	members := map[string]string{}
	for label, value := range labels {
		members[label] = expressions[value]
	}
	return members
}

func readPromtail(t *testing.T, text string) shipped {
	p := parseYAML(t, text)
	stage := func(path ...any) []any { return append([]any{"scrape_configs", 0, "pipeline_stages"}, path...) }
	expressions := p.texts(stage(0, "json", "expressions")...)
	return shipped{path: p.text("scrape_configs", 0, "static_configs", 0, "labels", "__path__"),
		time: expressions[p.text(stage(1, "timestamp", "source")...)], layout: goLayout(t, p.text(stage(1, "timestamp", "format")...)),
		labels: through(p.texts(stage(2, "labels")...), expressions)}
}

var vectorProgram = regexp.MustCompile(`^\. = object!\(parse_json!\(string!\(\.message\)\)\)\n` +
	`\.timestamp = parse_timestamp!\(del\(\.(\w+)\), format: "(.*)"\)\n$`)

func readVector(t *testing.T, text string) shipped {
	p := parseYAML(t, text)
	program := vectorProgram.FindStringSubmatch(p.text("transforms", "records", "source"))
	if program == nil || program[2] != "%+" { // RFC 3339
		t.Fatal("the program is another one")
	}
	if p.text("transforms", "records", "inputs", 0) != "programs" || p.text("sinks", "loki", "inputs", 0) != "records" {
		t.Error("a part reads from another one")
	}
	labels := p.texts("sinks", "loki", "labels")
	for label, template := range labels {
		labels[label] = strings.TrimSuffix(strings.TrimPrefix(template, "{{ "), " }}")
	}
	return shipped{path: p.text("sources", "programs", "include", 0), time: program[1], layout: time.RFC3339Nano, labels: labels}
}

func readFluentBit(t *testing.T, text string) shipped {
	p := parseYAML(t, text)
	if p.text("pipeline", "inputs", 0, "parser") != p.text("parsers", 0, "name") || p.text("parsers", 0, "format") != "json" {
		t.Error("the input has another parser")
	}
	labels := map[string]string{}
	for _, key := range strings.Split(p.text("pipeline", "outputs", 0, "label_keys"), ",") {
		labels[key[1:]] = strings.TrimPrefix(key, "$")
	}
	// Of Fluent Bit, %L are the digits of a fraction, and %z is Z or an offset with or without a colon.
	layout := strings.NewReplacer("%Y", "2006", "%m", "01", "%d", "02", "%H", "15", "%M", "04", "%S", "05", "%L", "999999", "%z", "Z07:00").
		Replace(p.text("parsers", 0, "time_format"))
	return shipped{path: p.text("pipeline", "inputs", 0, "path"), time: p.text("parsers", 0, "time_key"), layout: layout, labels: labels}
}

func readCollector(t *testing.T, text string) shipped {
	p := parseYAML(t, text)
	operator := func(path ...any) string {
		return p.text(append([]any{"receivers", "filelog", "operators"}, path...)...)
	}
	attribute := func(path ...any) string {
		name, ok := strings.CutPrefix(operator(path...), "attributes.")
		if !ok {
			t.Errorf("%v is no attribute", path)
		}
		return name
	}
	if operator(0, "timestamp", "layout_type") != "gotime" || p.text("service", "pipelines", "logs", "receivers", 0) != "filelog" {
		t.Error("another form, or another receiver")
	}
	return shipped{path: p.text("receivers", "filelog", "include", 0), time: attribute(0, "timestamp", "parse_from"),
		layout: operator(0, "timestamp", "layout"), message: attribute(1, "from")}
}

func readFilebeat(t *testing.T, text string) shipped {
	p := parseYAML(t, text)
	target := p.text("filebeat.inputs", 0, "parsers", 0, "ndjson", "target") + "."
	return shipped{path: p.text("filebeat.inputs", 0, "paths", 0), time: strings.TrimPrefix(p.text("processors", 0, "timestamp", "field"), target),
		layout: p.text("processors", 0, "timestamp", "layouts", 0)}
}

// alloyValues returns the values of the arguments of a configuration for Alloy, as the texts of their tokens, by the blocks in which they
// stand, such as "loki.process.stage.json.expressions".
func alloyValues(t *testing.T, text string) map[string][]string {
	t.Helper()
	var s scanner.Scanner
	s.Init(strings.NewReader(text))
	s.Error = func(_ *scanner.Scanner, msg string) { t.Errorf("%s: %s", s.Pos(), msg) }
	values := map[string][]string{}
	var open []string // blocks
	name, argument, line, depth := "", "", 0, 0
	for token := s.Scan(); token != scanner.EOF; token = s.Scan() {
		word := s.TokenText()
		if depth == 0 && s.Position.Line != line {
			argument, line = "", s.Position.Line // of the line before
		}
		switch {
		case argument != "":
			values[argument] = append(values[argument], word)
			switch word {
			case "[", "{":
				depth++
			case "]", "}":
				depth--
			}
		case word == "=":
			argument, name = strings.Join(append(slices.Clone(open), name), "."), ""
		case word == "{":
			open, name = append(open, name), ""
		case word == "}" && len(open) > 0:
			open = open[:len(open)-1]
		case token != scanner.String: // not the label of a block
			name += word
		}
	}
	if len(open) > 0 || depth != 0 || name != "" {
		t.Fatalf("%v is not closed, %s has no value", open, name)
	}
	return values
}

// alloyMap reads {a = "b", c = "d"}.
func alloyMap(t *testing.T, tokens []string) map[string]string {
	t.Helper()
	m := map[string]string{}
	for tokens = tokens[1:]; len(tokens) > 3; tokens = tokens[4:] {
		value, err := strconv.Unquote(tokens[2])
		if tokens[1] != "=" || err != nil {
			t.Fatal(tokens)
		}
		m[strings.Trim(tokens[0], `"`)] = value
	}
	return m
}

func readAlloy(t *testing.T, text string) shipped {
	v := alloyValues(t, text)
	argument := func(name string) string { return strings.Trim(strings.Join(v[name], ""), `"`) }
	for name, want := range map[string]string{"loki.source.file.targets": "local.file_match.programs.targets",
		"loki.source.file.forward_to": "[loki.process.programs.receiver]", "loki.process.forward_to": "[loki.write.loki.receiver]"} {
		if got := argument(name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
	expressions := alloyMap(t, v["loki.process.stage.json.expressions"])
	return shipped{path: alloyMap(t, v["local.file_match.path_targets"][1:])["__path__"], time: expressions[argument("loki.process.stage.timestamp.source")],
		layout: goLayout(t, argument("loki.process.stage.timestamp.format")),
		labels: through(alloyMap(t, v["loki.process.stage.labels.values"]), expressions)}
}

// TestShippersOfJournald compares the fields on the page with those that supervisord sends.
func TestShippersOfJournald(t *testing.T) {
	text, err := os.ReadFile(shippersPage)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../internal/logs/journald.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := bytes.Cut(text, []byte("\n## journald"))
	fields := regexp.MustCompile(`(?i)SUPERVISOR_[A-Z]+`).FindAllString(string(section), -1)
	if len(fields) < 15 {
		t.Errorf("fields are %v", fields)
	}
	for _, field := range fields {
		if !bytes.Contains(source, []byte(`"`+strings.ToUpper(field)+`"`)) {
			t.Errorf("%s is not sent", field)
		}
	}
	if v := alloyValues(t, shipperSections(t)["journald"][0].text); len(v) == 0 {
		t.Error("there is nothing")
	}
}
