package config

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/ini"
)

var update = flag.Bool("update", false, "write docs/configuration.md and sample.conf")

// compareFile compares a file with the wanted text, or writes it with -update.
func compareFile(t *testing.T, path, want string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) == want {
		return
	}
	if !*update {
		t.Fatalf("%s differs from the tables of keys: make docs", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

const page = "../../docs/configuration.md"

// TestReference compares the tables of keys in docs/configuration.md with those of the package. make docs writes them.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const end = "<!-- end of keys -->\n"
	var made strings.Builder
	rest := string(text)
	for _, kind := range sectionKinds {
		name := strings.Replace(kind.name, ":", ":x", 1)
		from := "<!-- keys of [" + name + "], from the tables of keys: make docs -->\n"
		i := strings.Index(string(text), from)
		if i < 0 {
			t.Fatalf("%s lacks the line %q", page, from)
		}
	}
	for rest != "" {
		start := strings.Index(rest, "<!-- keys of [")
		if start < 0 {
			break
		}
		line := rest[start : start+strings.IndexByte(rest[start:], '\n')+1]
		stop := strings.Index(rest[start:], end)
		if stop < 0 {
			t.Fatalf("%s lacks the end of %s", page, line)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "<!-- keys of ["), "]")
		made.WriteString(rest[:start] + line + reference(kindOf(strings.Replace(name, ":x", ":", 1))) + end)
		rest = rest[start+stop+len(end):]
	}
	compareFile(t, page, made.String()+rest)
}

// topics are the headings in the order of the reference.
var topics = []string{"", logTopic, daemonTopic, childTopic, commandTopic, startTopic, readyTopic, stopTopic, outputTopic, limitTopic,
	checkTopic, fileTopic, scheduleTopic, shippingTopic, auditTopic}

// ownKeys returns the keys of a kind of sections for the reference. Those of programs are listed for [program:x] only, and
// [program-default] has none of its own.
func ownKeys(in Sections) (list []described) {
	for _, r := range allKeys() {
		if s := r.key().Sections; s == in || s&in != 0 && (in == InProgram || s&InProgram == 0 && in != InDefault) {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b described) int {
		if a, b := slices.Index(topics, a.key().Topic), slices.Index(topics, b.key().Topic); a != b {
			return a - b
		}
		return required(a) - required(b)
	})
	return list
}

// required sorts required keys before others.
func required(r described) int {
	if r.key().Required {
		return 0
	}
	return 1
}

// reference returns the table of the keys of a kind of sections as Markdown.
func reference(in Sections) string {
	var b strings.Builder
	topic := "none"
	update := in&(InPrograms|InGroup) != 0
	for _, r := range ownKeys(in) {
		k := r.key()
		if k.Topic != topic {
			topic = k.Topic
			if topic != "" {
				fmt.Fprintf(&b, "\n**%s**\n", topic)
			}
			if update {
				b.WriteString("\n| Key | Type | Default | Update | Since | Meaning |\n|---|---|---|---|---|---|\n")
			} else {
				b.WriteString("\n| Key | Type | Default | Since | Meaning |\n|---|---|---|---|---|\n")
			}
		}
		since := k.Since
		if since != "" {
			since += " "
		}
		effect := ""
		if update {
			effect = k.Update.String() + " | "
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s%s| %s |\n", k.Name, r.kind(), r.absentText(), effect, since, k.Help)
	}
	b.WriteString("\n")
	return b.String()
}

// TestColumns checks that each row has the columns that the loops need, and a topic of the reference.
func TestColumns(t *testing.T) {
	for _, r := range allKeys() {
		k := r.key()
		if k.Name != strings.ToLower(k.Name) || k.Sections == 0 || k.Update == 0 || k.Help == "" || r.kind() == "" ||
			!slices.Contains(topics, k.Topic) || (k.Topic == "") != (k.Sections&(InProgram|InSupervisord) == 0) ||
			strings.ContainsAny(k.Help, "|\n") {
			t.Errorf("a column of %s is empty or wrong: %+v", k.Name, k)
		}
	}
}

// uncommented parses a sample without the semicolons in front of keys and sections.
func uncommented(t *testing.T, text string) *ini.Document {
	t.Helper()
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, ";") && !strings.HasPrefix(line, "; ") && line != ";" {
			line = line[1:]
		}
		all = append(all, line)
	}
	doc := ini.New()
	if err := doc.Parse(&ini.File{Path: "sample"}, strings.Join(all, "\n")); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestSampleIsComplete checks that the sample has all keys, in all kinds of sections that have them, those of programs in [program:x]
// only, and no others. make docs adds missing ones.
func TestSampleIsComplete(t *testing.T) {
	text := Sample(true)
	shown := map[Sections]map[string]bool{}
	for _, s := range uncommented(t, text).Sections {
		in := kindOf(s.Name)
		if shown[in] == nil {
			shown[in] = map[string]bool{}
		}
		for key := range s.Values {
			shown[in][key] = true
			if !keysOf(in)[key] && in != InVariables {
				t.Errorf("the sample has %s in [%s], which does not know it", key, s.Name)
			}
		}
	}
	for _, kind := range sectionKinds {
		if shown[kind.in] == nil {
			t.Errorf("the sample has no section [%s", kind.name)
			continue
		}
		for _, r := range ownKeys(kind.in) {
			if !shown[kind.in][r.key().Name] {
				text = withKey(text, kind.name, r)
			}
		}
	}
	compareFile(t, "sample.conf", text)
}

var link = regexp.MustCompile(`\[(.*?)\]\(.*?\)`)

// withKey adds a commented line for a key to the last section of its kind in a sample.
func withKey(text, kind string, r described) string {
	headers := regexp.MustCompile(`(?m)^;?\[`+kind).FindAllStringIndex(text, -1)
	end := headers[len(headers)-1][0]
	end = min(end+strings.Index(text[end:]+"\n\n", "\n\n")+1, len(text))
	value := strings.Trim(r.absentText(), "`")
	if !strings.HasPrefix(r.absentText(), "`") || strings.Contains(value, "`") {
		value = r.key().Other
	}
	line := fmt.Sprintf(";%-29s ", r.key().Name+"="+value)
	column := len(line)
	help := link.ReplaceAllString(strings.ReplaceAll(r.key().Help, "`", ""), "$1")
	if !r.key().Required {
		help += " (default: " + strings.ReplaceAll(r.absentText(), "`", "") + ")"
	}
	line += ";"
	for word := range strings.FieldsSeq(help) {
		if last := line[strings.LastIndexByte(line, '\n')+1:]; len(last)+1+len(word) > 80 && !strings.HasSuffix(last, ";") {
			line += "\n" + strings.Repeat(" ", column) + ";"
		}
		line += " " + word
	}
	return text[:end] + line + "\n" + text[end:]
}
