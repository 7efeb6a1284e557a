package metrics

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Format is a text format.
type Format uint8

// The formats.
const (
	Text        Format = iota // version 0.0.4
	OpenMetrics               // version 1.0.0
)

// ContentType returns the media type of a format.
func (f Format) ContentType() string {
	if f == OpenMetrics {
		return "application/openmetrics-text; version=1.0.0; charset=utf-8"
	}
	return "text/plain; version=0.0.4; charset=utf-8"
}

// Append appends the families of some parts. Those that are about all of supervisord are left out unless whole. A family without
// series is left out.
func Append(dst []byte, v *Values, f Format, parts Part, whole bool) []byte {
	w := &writer{b: dst, format: f}
	if parts&(Processes|Resources) != 0 {
		w.label(v.Processes)
	}
	for i := range Families {
		family := &Families[i]
		if family.Part&parts == 0 || family.Whole && !whole {
			continue
		}
		w.family = family
		if family.write != nil {
			family.write(w, v)
			continue
		}
		for j := range v.Processes {
			w.process(j, "", family.process(&v.Processes[j]))
		}
	}
	if f == OpenMetrics {
		w.b = append(w.b, "# EOF\n"...)
	}
	return w.b
}

// writer appends series. The value NaN is none.
type writer struct {
	b      []byte
	format Format
	family *Family // of the series that follow
	begun  *Family // the last one whose header was written
	labels []byte  // those of all processes, one after the other
	ends   []int   // of each in labels
}

type label struct{ name, value string }

// label writes the labels of processes, which all families share.
func (w *writer) label(processes []Process) {
	w.labels = make([]byte, 0, 48*len(processes))
	w.ends = make([]int, len(processes))
	for i := range processes {
		w.labels = appendLabel(append(w.labels, '{'), "group", processes[i].Group)
		w.labels = appendLabel(append(w.labels, ','), "name", processes[i].Name)
		w.ends[i] = len(w.labels)
	}
}

// header writes what comes before the first series of a family.
func (w *writer) header() {
	f := w.family
	if w.begun == f {
		return
	}
	w.begun = f
	name := f.Name
	if w.format == OpenMetrics && f.Type == Counter {
		name = strings.TrimSuffix(name, "_total")
	}
	w.b = append(append(append(append(w.b, "# HELP "...), name...), ' '), f.Help...)
	w.b = append(append(append(append(w.b, "\n# TYPE "...), name...), ' '), f.Type.String()...)
	w.b = append(w.b, '\n')
}

// series appends a series.
func (w *writer) series(labels []label, value float64) {
	if math.IsNaN(value) {
		return
	}
	w.header()
	w.b = append(w.b, w.family.Name...)
	for i, l := range labels {
		w.b = appendLabel(append(w.b, "{,"[min(i, 1)]), l.name, l.value)
	}
	if labels != nil {
		w.b = append(w.b, '}')
	}
	w.value(value)
}

// process appends a series of the process with that number, with a further label or none.
func (w *writer) process(i int, more string, value float64) {
	if math.IsNaN(value) {
		return
	}
	w.header()
	begin := 0
	if i > 0 {
		begin = w.ends[i-1]
	}
	w.b = append(append(append(append(w.b, w.family.Name...), w.labels[begin:w.ends[i]]...), more...), '}')
	w.value(value)
}

// pairs appends two series for each process, which differ by a label.
func (w *writer) pairs(v *Values, labels [2]string, values func(*Process) [2]uint64) {
	for i := range v.Processes {
		for j, n := range values(&v.Processes[i]) {
			w.process(i, labels[j], float64(n))
		}
	}
}

func (w *writer) pools(v *Values, value func(*Pool) float64) {
	for i := range v.Pools {
		w.series([]label{{"pool", v.Pools[i].Name}}, value(&v.Pools[i]))
	}
}

func (w *writer) servers(v *Values, value func(*Server) float64) {
	for i := range v.Servers {
		w.series([]label{{"server", v.Servers[i].Name}}, value(&v.Servers[i]))
	}
}

func (w *writer) value(value float64) {
	w.b = append(w.b, ' ')
	if n := int64(value); float64(n) == value && n < 1<<53 && n > -1<<53 {
		w.b = strconv.AppendInt(w.b, n, 10)
	} else {
		w.b = strconv.AppendFloat(w.b, value, 'g', -1, 64)
	}
	w.b = append(w.b, '\n')
}

func appendLabel(b []byte, name, value string) []byte {
	b = append(append(append(b, name...), '='), '"')
	if strings.ContainsAny(value, "\\\"\n") || !utf8.ValidString(value) {
		value = escaper.Replace(strings.ToValidUTF8(value, "\ufffd"))
	}
	return append(append(b, value...), '"')
}

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// float64If returns a value on a condition, else NaN.
func float64If(ok bool, value float64) float64 {
	if !ok {
		return math.NaN()
	}
	return value
}
