package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/gosupervisor/supervisor/conformance"
)

// writeTAP writes the results in version 13 of the Test Anything Protocol.
func writeTAP(w io.Writer, r *runner) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 13\n1..%d\n", len(r.scripts))
	n := 0
	r.each(func(o outcome) {
		n++
		word := "ok"
		if o.Failed {
			word = "not ok"
		}
		fmt.Fprintf(&b, "%s %d - %s: %s", word, n, o.script.Name, strings.ReplaceAll(o.script.Behavior, "#", `\#`))
		if o.Skipped {
			fmt.Fprintf(&b, " # SKIP %s", strings.Join(strings.Fields(o.Reason), " "))
		}
		b.WriteString("\n")
		if len(o.script.Covers) > 0 {
			fmt.Fprintf(&b, "# covers %s\n", strings.Join(o.script.Covers, " "))
		}
		if len(o.Wavered) > 0 {
			fmt.Fprintf(&b, "# wavered: passed in run %d\n", len(o.Wavered)+1)
		}
		if o.Failed {
			b.WriteString(indent(o.Log, "# "))
		}
	})
	_, err := io.WriteString(w, b.String())
	return err
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure,omitempty"`
	Skipped *junitText `xml:"skipped,omitempty"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes the results in the XML of JUnit. The class of a case is its area.
func writeJUnit(w io.Writer, r *runner) error {
	_, failed, skipped := r.count()
	suite := junitSuite{Name: r.suite.Supervisord, Tests: len(r.scripts), Failures: failed, Skipped: skipped}
	total := 0.0
	r.each(func(o outcome) {
		area, name, _ := strings.Cut(o.script.Name, "/")
		c := junitCase{Class: "conformance." + area, Name: name, Time: fmt.Sprintf("%.3f", o.Took.Seconds())}
		switch {
		case o.Failed:
			c.Failure = &junitText{o.script.Behavior, printable(o.Log)}
		case o.Skipped:
			c.Skipped = &junitText{Message: strings.Join(strings.Fields(o.Reason), " ")}
		}
		total += o.Took.Seconds()
		suite.Cases = append(suite.Cases, c)
	})
	suite.Time = fmt.Sprintf("%.3f", total)
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// printable replaces the control characters that XML does not allow.
func printable(log string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' {
			return '\uFFFD'
		}
		return c
	}, log)
}

// writeMarkdown writes a table of the ledger's rows and the results of the scripts that demonstrate them.
func writeMarkdown(w io.Writer, r *runner) error {
	rows, err := conformance.ReadLedger(conformance.Files, conformance.Changelog)
	if err != nil {
		return err
	}
	byID := map[string][]outcome{}
	var other []outcome
	r.each(func(o outcome) {
		for _, id := range o.script.Covers {
			byID[id] = append(byID[id], o)
		}
		if len(o.script.Covers) == 0 {
			other = append(other, o)
		}
	})
	passed, failed, skipped := r.count()
	var b strings.Builder
	fmt.Fprintf(&b, "# Conformance of %s\n\n%d scripts: %d passed, %d failed, %d skipped.\n\n| Row | Behavior | Script | Result |\n"+
		"|---|---|---|---|\n", r.suite.Supervisord, len(r.scripts), passed, failed, skipped)
	for _, row := range rows {
		for _, o := range byID[row.ID] {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", row.ID, row.Text, o.script.Name, o.word())
		}
	}
	b.WriteString("\n## Scripts without a row\n\n| Script | Behavior | Result |\n|---|---|---|\n")
	for _, o := range other {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o.script.Name, o.script.Behavior, o.word())
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func (o outcome) word() string {
	switch {
	case o.Failed:
		return "fail"
	case o.Skipped:
		return "skip"
	case len(o.Wavered) > 0:
		return "pass (wavered)"
	}
	return "pass"
}
