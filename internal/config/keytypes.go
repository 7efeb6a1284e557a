package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// Type is how the values of a key are read, compared and shown.
type Type[T any] struct {
	name   string // in the reference
	parse  func(text string) (T, error)
	ask    func(h host, s string) (T, error) // in place of parse, if the host must be asked
	words  bool                              // the message about an invalid value is "invalid 'KEY' value 'VALUE'"
	same   func(a, b T) bool
	text   func(v T) string     // as written in a file; nil: fmt.Sprint
	encode func(m Members, v T) // for clients; nil: the text
	share  func(to *T, from *T) // makes equal values use the same memory; nil: they have none
}

func (t *Type[T]) read(h host, text string) (T, error) {
	if t.ask != nil {
		return t.ask(h, text)
	}
	return t.parse(text)
}

func (t *Type[T]) show(v T) string {
	if t.text != nil {
		return t.text(v)
	}
	return fmt.Sprint(v)
}

func (t *Type[T]) send(m Members, v T) {
	if t.encode != nil {
		t.encode(m, v)
		return
	}
	m.String(t.show(v))
}

// with returns a copy of the type with another name and parser.
func (t *Type[T]) with(name string, parse func(string) (T, error)) *Type[T] {
	other := *t
	other.name, other.parse, other.ask = name, parse, nil
	return &other
}

// asking returns a copy of the type with another name, whose values are looked up on the host.
func (t *Type[T]) asking(name string, ask func(host, string) (T, error)) *Type[T] {
	other := *t
	other.name, other.ask = name, ask
	return &other
}

// The types of the keys.
var (
	textType      = &Type[string]{name: "text", parse: parseString, same: equal[string], share: shareText}
	commandType   = textType.with("command line", parseString)
	nameType      = textType.with("name", parseString)
	patternsType  = textType.with("patterns", parseString)
	ctlURLType    = textType.asking("URL", host.ctlURL)
	socketURLType = textType.with("URL", parseString)
	pluginURLType = textType.with("URL", parsePluginURL)
	historyType   = textType.asking("path", host.pathIfAny)
	pathType      = textType.asking("path", host.pathInDirectory)
	mainLogType   = textType.asking("path, or `syslog`", host.logPath)

	// With these, an empty text is no value.
	optionalType  = &Type[string]{name: "text", parse: parseString, same: equal[string], encode: encodeText, share: shareText}
	serverURLType = optionalType.with("URL", parseServerURL)
	directoryType = optionalType.asking("directory", host.existingDirectory)
	logDirType    = optionalType.asking("directory", host.logDirectory)
	stateFileType = optionalType.asking("path", host.pathInDirectory)
	laterType     = &Type[*string]{name: "user", parse: func(s string) (*string, error) { return &s, nil }, // it is looked up later
		same: equal[*string], text: func(s *string) string { return *s },
		encode: func(m Members, _ *string) { m.None() }}

	intType      = &Type[int]{name: "integer", parse: parseInteger, same: equal[int], encode: Members.Int}
	positiveType = intType.with("integer from 1", parsePositive)
	bufferType   = intType.with("integer from 1", parseInteger)
	timeoutType  = intType.with("integer from 1", parseHandlerTimeout)
	backlogType  = intType.with("integer from 1 to 65535", parseInteger)
	umaskType    = &Type[int]{name: "octal", parse: parseUmask, same: equal[int], text: octalText[int], encode: encodeUmask}
	ownUmaskType = &Type[int]{name: "octal", parse: parseUmask, same: equal[int], text: octalText[int], encode: encodeOwnUmask}
	modeType     = &Type[fs.FileMode]{name: "octal", parse: parseMode, same: equal[fs.FileMode], text: octalText[fs.FileMode]}
	sizeType     = &Type[Bytes]{name: "size", parse: parseBytes, same: equal[Bytes], text: sizeText,
		encode: func(m Members, n Bytes) { m.Int(int(n)) }}
	boolType = &Type[bool]{name: "boolean", parse: parseBoolean, same: equal[bool], encode: Members.Bool}

	ownerType   = &Type[owner]{name: "owner", ask: host.ownerOf}
	accountType = &Type[*account.Account]{name: "user", ask: host.account, same: sameUser, text: userText, encode: encodeUser}
	levelType   = &Type[api.Level]{name: "level", parse: parseLevel, same: equal[api.Level],
		encode: func(m Members, l api.Level) { m.Int(int(l)) }}
	signalType = &Type[syscall.Signal]{name: "signal", parse: parseSignal, same: equal[syscall.Signal],
		text:   signalText,
		encode: func(m Members, s syscall.Signal) { m.Int(int(s)) }}
	restartType = &Type[Restart]{name: "boolean or `unexpected`", parse: parseRestart, same: equal[Restart],
		encode: encodeRestart}
	codesType = &Type[[]int]{name: "list of integers", parse: parseExitCodes, same: slices.Equal[[]int],
		text: codesText, encode: Members.Ints}
	eventsType      = &Type[[]string]{name: "list", parse: parseList, same: sameSet, text: listText}
	listType        = &Type[[]string]{name: "list", parse: parseList, same: slices.Equal[[]string], text: listText}
	hostsType       = &Type[[]string]{name: "list of names", parse: parseHosts, words: true, same: slices.Equal[[]string], text: listText}
	environmentType = &Type[map[string]string]{name: "environment", parse: parseEnvironment,
		same: maps.Equal[map[string]string, map[string]string], share: shareMap}
	logType = &Type[Log]{name: "log", same: sameFile, text: logText,
		encode: func(m Members, l Log) { encodeText(m, fileText(l)) },
		share:  func(to, from *Log) { shareText(&to.Path, &from.Path) }}
	roleType  = &Type[access.Role]{name: "role", parse: parseRole, words: true, same: equal[access.Role]}
	partsType = &Type[access.Parts]{name: "list", parse: parseServe, words: true, same: equal[access.Parts],
		text: func(p access.Parts) string { return listText(p.Names()) }}
	loginLimitType = &Type[access.Limit]{name: "integer / duration", parse: parseLoginLimit, words: true, same: equal[access.Limit],
		text: loginLimitText}
	openServerType   = &Type[string]{name: "`allow`, `warn` or `refuse`", parse: parseOpenServer, words: true, same: equal[string]}
	eventHistoryType = &Type[int]{name: "integer from 0 to 65536", parse: parseEventHistory, words: true, same: equal[int], text: eventHistoryText}
	addressType      = &Type[inetAddress]{name: "address", parse: parseInetAddress}
)

// choice returns a type with two words for false and true.
func choice(no, yes string) *Type[bool] {
	return &Type[bool]{name: "`" + no + "` or `" + yes + "`", words: true, same: equal[bool],
		parse: func(text string) (bool, error) {
			if strings.EqualFold(text, yes) || strings.EqualFold(text, no) {
				return strings.EqualFold(text, yes), nil
			}
			return false, errWord
		},
		text: func(v bool) string {
			if v {
				return yes
			}
			return no
		},
	}
}

func equal[T comparable](a, b T) bool { return a == b }

func sameUser(a, b *account.Account) bool { return a == b || a != nil && b != nil && a.UID == b.UID }

// sameSet ignores the order.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func sameFile(a, b Log) bool { return a.Kind == b.Kind && a.Path == b.Path }

func shareText(to, from *string) {
	if *to == *from {
		*to = *from
	}
}

func shareMap(to, from *map[string]string) {
	if maps.Equal(*to, *from) {
		*to = *from
	}
}

func octalText[T ~int | ~uint32](n T) string { return fmt.Sprintf("%#03o", n) }

// signalText returns the name of a signal, or its number if it has no name.
func signalText(s syscall.Signal) string {
	return strings.TrimPrefix(strings.TrimPrefix(signame.Name(s), "SIG"), "signal ")
}

// sizeText returns a size in the largest unit that divides it.
func sizeText(n Bytes) string {
	for _, u := range slices.Backward(units[:]) {
		if n >= u.size && n%u.size == 0 {
			return strconv.Itoa(int(n/u.size)) + strings.ToUpper(u.name)
		}
	}
	return strconv.Itoa(int(n))
}

func codesText(codes []int) string {
	var texts []string
	for _, code := range codes {
		texts = append(texts, strconv.Itoa(code))
	}
	return listText(texts)
}

func listText(names []string) string { return strings.Join(names, ",") }

// fileText returns the path of a log, "auto" or nothing.
func fileText(l Log) string {
	switch l.Kind {
	case LogAuto:
		return "auto"
	case LogFile:
		return l.Path
	}
	return ""
}

// logText returns the log as a file has it.
func logText(l Log) string {
	switch l.Kind {
	case LogAuto:
		return "AUTO"
	case LogNone:
		return "NONE"
	}
	return l.Path
}

func encodeText(m Members, s string) {
	if s == "" {
		m.None()
		return
	}
	m.String(s)
}

func encodeUmask(m Members, mask int) {
	if mask < 0 {
		m.None()
		return
	}
	m.Int(mask)
}

// encodeOwnUmask passes the umask of supervisord, which is 022 if there is none in the file.
func encodeOwnUmask(m Members, mask int) {
	m.Int((&Supervisord{Umask: mask}).BackgroundUmask())
}

func userText(a *account.Account) string {
	if a == nil {
		return ""
	}
	return cmp.Or(a.Name, strconv.Itoa(a.UID))
}

func encodeUser(m Members, a *account.Account) {
	if a == nil {
		m.None()
		return
	}
	m.Int(a.UID)
}

func encodeRestart(m Members, r Restart) {
	if r == RestartUnexpected {
		m.String(r.String())
		return
	}
	m.Bool(r == RestartAlways)
}
