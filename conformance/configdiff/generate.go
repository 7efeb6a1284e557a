package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// generator generates a configuration. Equal seeds and numbers give equal configurations.
type generator struct {
	*rand.Rand
	dir   string            // of the main file
	bad   float64           // probability of an invalid value
	odd   float64           // probability of unusual syntax
	names []string          // of the programs so far
	files map[string]string // by their paths below dir
}

func newGenerator(seed, number uint64, dir string) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, number)), dir: dir, files: map[string]string{}}
	g.bad = pick(g, 0, 0, 0, 0.01, 0.03, 0.1)
	g.odd = pick(g, 0, 0, 0.01, 0.03, 0.2)
	return g
}

// environ is the environment of both sides, to which configurations refer.
var environ = []string{"HOME=/root", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "lc=lower", "A=outer", "PCT=50%",
	"SP=a b", "EMPTY="}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// write writes the files of a configuration and returns the path of the main one.
func (g *generator) write() (string, error) {
	main := g.main()
	for _, dir := range []string{"conf.d", "logs", "conf.d/dir.conf", "sub/deep"} {
		if err := os.MkdirAll(filepath.Join(g.dir, dir), 0o755); err != nil {
			return "", err
		}
	}
	for name, text := range g.files {
		if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	path := filepath.Join(g.dir, "sd.conf")
	return path, os.WriteFile(path, []byte(main), 0o644)
}

// main returns the text of the main file and adds the included ones to files.
func (g *generator) main() string {
	var sections []string
	if !g.chance(0.02) {
		sections = append(sections, g.section("supervisord", daemonKeys))
	}
	sections = append(sections, g.sections(1+g.IntN(4))...)
	if g.chance(0.35) {
		sections = append(sections, g.include())
	}
	if g.chance(0.08) {
		sections = append(sections, g.section("DEFAULT", slices.Concat(programKeys, daemonKeys, listenerKeys)))
	}
	if g.chance(0.5) {
		g.Shuffle(len(sections), func(i, j int) { sections[i], sections[j] = sections[j], sections[i] })
	}
	return g.finish(strings.Join(sections, ""))
}

// finish changes a whole file: its line ends, junk at the begin and the end, no newline at the end.
func (g *generator) finish(text string) string {
	if g.chance(g.bad / 2) {
		text = pick(g, "junk\n", "\ufeff", "=x\n", "a=b\n", "  [supervisord]\n", " x", "[\n", "[]\n", ";\n#\n") + text
	}
	if g.chance(g.bad / 2) {
		text += pick(g, "junk\n", "=x\n", ": y\n", "[x\n", "\xe9\n", "  indented=1\n", "]\n", "\x00=1\n")
	}
	switch {
	case g.chance(0.05):
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case g.chance(0.02):
		text = strings.ReplaceAll(text, "\n", "\r")
	case g.chance(0.1):
		text = strings.TrimSuffix(text, "\n")
	}
	return text
}

// include returns an [include] section and adds its files.
func (g *generator) include() string {
	for range g.IntN(4) {
		name := pick(g, "conf.d/a.conf", "conf.d/b.conf", "conf.d/B.conf", "conf.d/.hidden.conf", "conf.d/c.ini",
			"sub/deep/x.conf", "extra.conf", "conf.d/é.conf", "conf.d/10.conf", "conf.d/9.conf")
		g.files[name] = g.finish(strings.Join(g.sections(g.IntN(3)), ""))
		if g.chance(0.1) {
			g.files[name] += g.section("supervisord", daemonKeys)
		}
		if g.chance(0.05) {
			g.files[name] += "[include]\nfiles=nested.conf\n"
		}
	}
	var patterns []string
	for range 1 + g.IntN(3) {
		patterns = append(patterns, pick(g, "conf.d/*.conf", "conf.d/*.ini", "conf.d/[a-b].conf", "conf.d/[!a].conf",
			"conf.d/?.conf", "*.nomatch", "extra.conf", "%(here)s/conf.d/*", "sub/*/x.conf", "sub/**/x.conf",
			"./conf.d/../extra.conf", "conf.d/{a,b}.conf", "conf.d/.*.conf", "conf.d/[", "conf.d/a.conf", "~/nothere",
			"%(host_node_name)s.conf", "/dev/null", "conf.d//b.conf", "*/*.conf"))
	}
	text := strings.Join(patterns, pick(g, " ", "\n  ", "\t", "  "))
	if g.chance(g.bad) {
		text = pick(g, "", "%(nope)s", "%", "%(program_name)s", "%s")
	}
	if g.chance(g.bad / 2) {
		return "[include]\n" + pick(g, "", "file=x\n")
	}
	return g.header("include") + "files" + g.delimiter() + text + "\n"
}

// sections returns n sections of any kind.
func (g *generator) sections(n int) []string {
	var list []string
	groups := 0
	for range n {
		switch k := g.IntN(20); {
		case k < 9:
			list = append(list, g.program("program:", programKeys))
		case k < 11:
			list = append(list, g.program("eventlistener:", slices.Concat(programKeys, listenerKeys)))
		case k < 13:
			list = append(list, g.program("fcgi-program:", slices.Concat(programKeys, fastCGIKeys)))
		case k < 15:
			groups++
		case k < 16:
			list = append(list, g.section(pick(g, "inet_http_server", "inet_http_server:a", "inet_http_serverx"), inetKeys))
		case k < 17:
			list = append(list, g.section(pick(g, "unix_http_server", "unix_http_server:b", "unix_http_server_c"), unixKeys))
		case k < 18:
			list = append(list, g.section("rpcinterface:"+g.name(), interfaceKeys))
		case k < 19:
			list = append(list, g.section("supervisorctl", ctlKeys))
		default:
			list = append(list, g.section(pick(g, "Supervisord", "program", "prog:x", " program:x ", "programx:y",
				"eventlistener", "group", "rpcinterface", "include:x", "fcgi-program"), programKeys))
		}
	}
	for range groups { // last, when there are programs to choose from
		list = append(list, g.section("group:"+g.name(), groupKeys))
	}
	return list
}

func (g *generator) program(prefix string, keys []key) string {
	name := g.name()
	if prefix != "eventlistener:" || g.chance(0.2) {
		g.names = append(g.names, name)
	}
	return g.section(prefix+name, keys)
}

func (g *generator) name() string {
	if g.chance(g.bad) {
		return pick(g, "a b", "a:b", "a/b", "", " a", "a ", "a\tb", "x]y", "a;b", "a ;b", "%(here)s", "50%")
	}
	return pick(g, "a", "b", "c", "web", "w.x", "a-b", "é", "日本", "A", "*", "all", "x_1", "cat", "d", "e", "f", "g")
}

// section returns a header and some of the keys, mostly once each, in any order.
func (g *generator) section(name string, keys []key) string {
	var text strings.Builder
	text.WriteString(g.header(name))
	share := pick(g, 0.05, 0.15, 0.4)
	for _, i := range g.Perm(len(keys)) {
		k := keys[i]
		often := share
		if k.wanted {
			often = 1 - g.bad/2
		}
		for g.chance(often) {
			text.WriteString(g.line(k))
			often = g.odd / 2
		}
	}
	if g.chance(g.odd) {
		text.WriteString(pick(g, "unknown=1\n", "un known = x ; y\n", "novalue\n  cont\n", "%=%\n"))
	}
	return text.String()
}

func (g *generator) header(name string) string {
	if !g.chance(g.odd) {
		return "[" + name + "]\n"
	}
	return strings.ReplaceAll(pick(g, "[@] ; comment\n", "[@] trailing\n", "[@]#x\n", "\n[@]\n\n", "; [x]\n[@]\n",
		"[@]\t\n", "[@] #[y]\n", "[@];c\n", "[@]\r\n", "[@]\n  ; c\n", "[@]\n   "), "@", name)
}

func (g *generator) delimiter() string {
	if g.chance(g.odd) {
		return pick(g, ":", " : ", " =", "= ", "\t=\t", " = ", "=  ", " :")
	}
	return "="
}

// line returns a key with a value.
func (g *generator) line(k key) string {
	name := k.name
	if g.chance(g.odd) {
		name = pick(g, strings.ToUpper(name), strings.ToUpper(name[:1])+name[1:], name+" ", name+"\t")
	}
	text := g.value(k)
	if g.chance(g.odd) {
		text = strings.Replace(text, " ", pick(g, " \n  ", " \n\n\t", "\n ; c\n ", "  "), 1)
	}
	line := name + g.delimiter() + text
	if g.chance(g.odd) {
		line += pick(g, " ; comment", " # comment", "\t;c", ";c", "#c", " ;a #b", " #a ;b", ";x ;y", "#x ;y", ";a;b ;c #d",
			" ", "\t", "\n", "\n\n  ", "\n; c", "\n  # c", "\n continued", " \\", " ;c", "  # c", " ;")
	}
	return line + "\n"
}
