package metrics

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// everything has a series of each family.
func everything() *Values {
	return &Values{
		Version: "5.0.0", GoVersion: "go1.26", Identifier: "supervisor", Start: time.Unix(1795790948, 123e6), State: -1, Read: time.Unix(1795790949, 0), Changed: 1,
		CPU: 1500 * time.Millisecond, RSS: 7 << 20, FDs: 12, MaxFDs: 1024,
		Processes: []Process{
			{Group: "web", Name: "web", State: 20, Start: 1795790950, HasExit: true, ExitCode: -1, Failures: 2, Healthy: 1, CPU: time.Minute,
				RSS: 1 << 20, FDs: 5, Threads: 3, Processes: 1, Starts: 5, Restarts: 3, Expected: 1, Unexpected: 4, Logged: [2]uint64{100, 20},
				Lost: [2]uint64{0, 7}, Recycles: []Recycles{{"age", 1}, {"memory", 2}}},
			{Group: "w", Name: "w_00", State: 200, Healthy: Unknown, CPU: Unknown, RSS: Unknown, FDs: Unknown, Threads: Unknown, Processes: Unknown},
		},
		Pools:   []Pool{{"mail", 3, 10, 1, 2}},
		Servers: []Server{{"inet_http_server", [5]uint64{0, 100, 1, 7, 0}, 4, time.Unix(1800000000, 0)}, {Name: "unix_http_server"}},
	}
}

// parse reads text with the parser of Prometheus.
func parse(t *testing.T, text []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return families
}

// TestFamilies has every family of the table parsed back, with its type, help and labels.
func TestFamilies(t *testing.T) {
	families := parse(t, Append(nil, everything(), Text, All, true))
	for _, f := range Families {
		parsed := families[f.Name]
		if parsed == nil {
			t.Errorf("%s has no series", f.Name)
			continue
		}
		delete(families, f.Name)
		if got := strings.ToLower(parsed.GetType().String()); got != f.Type.String() || parsed.GetHelp() != f.Help {
			t.Errorf("%s: %s, %s", f.Name, got, parsed.GetHelp())
		}
		for _, m := range parsed.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName())
			}
			if d := cmp.Diff(f.Labels, labels); d != "" {
				t.Errorf("%s: labels (-table +text):\n%s", f.Name, d)
			}
		}
	}
	for name := range families {
		t.Errorf("%s is not in the table", name)
	}
}

// TestLint has the text judged as `promtool check metrics` does.
func TestLint(t *testing.T) {
	problems, err := promlint.New(bytes.NewReader(Append(nil, everything(), Text, All, true))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestValues(t *testing.T) {
	families := parse(t, Append(nil, everything(), Text, All, true))
	value := func(m *dto.Metric) float64 { return m.GetGauge().GetValue() + m.GetCounter().GetValue() } // one is 0
	for name, want := range map[string][]float64{
		"supervisor_build_info": {1}, "supervisor_start_time_seconds": {1795790948.123}, "supervisor_state": {-1}, "supervisor_config_reload_success_timestamp_seconds": {1795790949}, "supervisor_config_changed": {1},
		"supervisor_processes": {0, 0, 1, 0, 0, 0, 1, 0}, "supervisor_process_up": {1, 0}, "supervisor_process_state": {20, 200},
		"supervisor_process_start_time_seconds": {1795790950}, "supervisor_process_last_exit_code": {-1}, "supervisor_process_start_failures": {2, 0},
		"supervisor_process_healthy": {1}, "supervisor_process_cpu_seconds_total": {60}, "supervisor_process_resident_memory_bytes": {1 << 20},
		"supervisor_process_starts_total": {5, 0}, "supervisor_process_restarts_total": {3, 0}, "supervisor_process_exits_total": {1, 4, 0, 0},
		"supervisor_process_recycles_total":  {1, 2},
		"supervisor_process_log_bytes_total": {100, 20, 0, 0}, "supervisor_process_log_lost_bytes_total": {0, 7, 0, 0},
		"supervisor_listener_events_total": {10}, "supervisor_http_requests_total": {100, 1, 7, 0, 0, 0, 0, 0},
		"supervisor_http_login_failures_total": {4, 0}, "supervisor_tls_certificate_expiry_timestamp_seconds": {1800000000},
		"process_cpu_seconds_total": {1.5}, "process_max_fds": {1024},
	} {
		var got []float64
		for _, m := range families[name].GetMetric() {
			got = append(got, value(m))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestParts leaves out families that are not asked for, and those about all of supervisord for callers with programs of their own.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		parts Part
		whole bool
	}{{Daemon, true}, {Processes, true}, {Resources, false}, {All, true}, {All, false}, {Daemon | Processes, false}} {
		families := parse(t, Append(nil, everything(), Text, c.parts, c.whole))
		for _, f := range Families {
			want := f.Part&c.parts != 0 && (c.whole || !f.Whole)
			if got := families[f.Name] != nil; got != want {
				t.Errorf("%+v: %s: %t", c, f.Name, got)
			}
		}
	}
	for p := Daemon; p < All; p <<= 1 {
		if got, ok := ParsePart(p.String()); got != p || !ok {
			t.Errorf("%s: %d, %t", p, got, ok)
		}
	}
	if p, ok := ParsePart("Daemon"); ok || All.String() != "" {
		t.Error(p)
	}
}

// TestNothingKnown has only families that every system has.
func TestNothingKnown(t *testing.T) {
	text := Append(nil, &Values{Changed: Unknown, CPU: Unknown, RSS: Unknown, FDs: Unknown, MaxFDs: Unknown}, Text, All, true)
	for _, name := range []string{"process_cpu_seconds_total", "process_max_fds", "supervisor_start_time_seconds", "supervisor_config", "supervisor_process_up", "supervisor_listener"} {
		if bytes.Contains(text, []byte(name)) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if !bytes.Contains(text, []byte("supervisor_state 0\n")) {
		t.Errorf("%s", text)
	}
}

// TestOpenMetrics shows what differs from the other format: the names in the headers of counters, and the end.
func TestOpenMetrics(t *testing.T) {
	text := string(Append(nil, everything(), Text, All, true))
	want := text + "# EOF\n"
	for _, f := range Families {
		if f.Type == Counter {
			for _, header := range []string{"# HELP ", "# TYPE "} {
				want = strings.Replace(want, header+f.Name+" ", header+strings.TrimSuffix(f.Name, "_total")+" ", 1)
			}
		}
	}
	if d := cmp.Diff(want, string(Append(nil, everything(), OpenMetrics, All, true))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestTable checks rules that the parser does not know.
func TestTable(t *testing.T) {
	for _, f := range Families {
		if (f.Type == Counter) != strings.HasSuffix(f.Name, "_total") || f.Help == "" || strings.ContainsAny(f.Help, "\"\\\n") || f.Part.String() == "" ||
			(f.process == nil) == (f.write == nil) {
			t.Errorf("%+v", f)
		}
	}
}

// FuzzNames has every name parsed back as it was, as far as it is UTF-8.
// covers: OBS-66
func FuzzNames(f *testing.F) {
	f.Add(`a"b\c`, "x\ny")
	f.Add("", "\\")
	f.Add("\xff", "é")
	f.Fuzz(func(t *testing.T, group, name string) {
		v := &Values{Processes: []Process{{Group: group, Name: name}, {Group: "second", Name: "n"}}}
		parsed := parse(t, Append(nil, v, Text, Processes, true))["supervisor_process_up"].GetMetric()
		want := []string{strings.ToValidUTF8(group, "\ufffd"), strings.ToValidUTF8(name, "\ufffd"), "second", "n"}
		var got []string
		for _, m := range parsed {
			for _, l := range m.Label {
				got = append(got, l.GetValue())
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
}

func TestNumbers(t *testing.T) {
	for value, want := range map[float64]string{0: "0", -1: "-1", 1.5: "1.5", 1 << 40: "1099511627776", 1e300: "1e+300", math.Inf(1): "+Inf", 0.1: "0.1"} {
		w := &writer{}
		if w.value(value); string(w.b) != " "+want+"\n" {
			t.Errorf("%v: %q", value, w.b)
		}
	}
}

// BenchmarkAppend writes the metrics of 1000 programs.
func BenchmarkAppend(b *testing.B) {
	v := everything()
	one := v.Processes[0]
	v.Processes = nil
	for i := range 1000 {
		one.Group = fmt.Sprintf("program%d", i)
		v.Processes = append(v.Processes, one)
	}
	var text []byte
	for b.Loop() {
		text = Append(text[:0], v, Text, All, true)
	}
	b.SetBytes(int64(len(text)))
}
