package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// CheckScript is what a check does. The zero value is no check.
type CheckScript struct {
	Kind    CheckKind
	HTTP    *HTTPProbe
	Address string        // TCPCheck: host:port; UnixCheck: an absolute path
	Command HelperCommand // CommandCheck
	text    string
}

// CheckKind is a kind of check.
type CheckKind uint8

// The kinds of checks.
const (
	NoCheck CheckKind = iota
	HTTPCheck
	TCPCheck
	UnixCheck
	CommandCheck
)

// HTTPProbe is a request, and what counts as a success.
type HTTPProbe struct {
	URL    string        `json:"url"`
	Method string        `json:"method"`
	Status []StatusRange `json:"status"`
	*HTTPOptions
}

// HTTPOptions are what most requests have not. All that have none share one.
type HTTPOptions struct {
	Headers  []string `json:"headers,omitempty"`   // NAME: VALUE
	Data     string   `json:"data,omitempty"`      // the body
	DataFile string   `json:"data_file,omitempty"` // a file with the body; empty: Data is the body
	CertFile string   `json:"cert_file,omitempty"`
	KeyFile  string   `json:"key_file,omitempty"`
	CAFile   string   `json:"ca_file,omitempty"`
	Socket   string   `json:"socket,omitempty"` // an absolute path of a Unix socket; empty: the host of the URL
}

var noHTTPOptions HTTPOptions

// StatusRange is a range of status codes of HTTP.
type StatusRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Succeeds reports whether a status is a success.
func (h *HTTPProbe) Succeeds(status int) bool {
	for _, r := range h.Status {
		if status >= r.From && status <= r.To {
			return true
		}
	}
	return false
}

var anySuccess = []StatusRange{{200, 399}}

var checkType = &Type[CheckScript]{name: "check", parse: parseCheck, text: func(c CheckScript) string { return c.text },
	same: func(a, b CheckScript) bool { return reflect.DeepEqual(a, b) }, share: func(to, from *CheckScript) {
		if to.text == from.text {
			*to = *from
		}
	}}

// checkError is a check that cannot be read. What may be a password is not in its text.
type checkError struct{ shown, why string }

func (e *checkError) Error() string    { return e.shown + ": " + e.why }
func (e *checkError) Redacted() string { return e.Error() }

// parseCheck reads a URL with options, or a command.
func parseCheck(text string) (c CheckScript, err error) {
	text = pyrepr.TrimSpace(text)
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme = ""
	}
	switch strings.ToLower(scheme) {
	case "http", "https":
		c.Kind = HTTPCheck
		c.HTTP, err = parseHTTPProbe(text)
	case "tcp":
		c.Kind, c.Address = TCPCheck, rest
		if why := wrongAddress(rest); why != "" {
			err = &checkError{pyrepr.Quote(text), why}
		}
	case "unix":
		c.Kind, c.Address = UnixCheck, rest
		if !strings.HasPrefix(rest, "/") {
			err = &checkError{pyrepr.Quote(text), "no absolute path"}
		}
	case "script":
		text = rest
		fallthrough
	default:
		c.Kind = CommandCheck
		c.Command, err = parseHelper(text)
	}
	c.text = text
	return c, err
}

// wrongAddress returns what is wrong with host:port, empty if nothing is.
func wrongAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil && strings.Contains(err.Error(), "missing port"):
		return "no port"
	case err != nil || host == "" || strings.ContainsAny(address, " \t/"):
		return "not host:port"
	case port == "":
		return "no port"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "no port"
	}
	return ""
}

// httpOptions are the options of a check by HTTP, and what each sets.
var httpOptions = map[string]func(h *HTTPProbe, value string) (why string){
	"-H": func(h *HTTPProbe, v string) string {
		if name, _, ok := strings.Cut(v, ":"); !ok || name == "" || strings.ContainsAny(v, "\r\n") {
			return "a header is NAME: VALUE"
		}
		h.Headers = append(h.Headers, v)
		return ""
	},
	"-X": func(h *HTTPProbe, v string) string {
		if v == "" || strings.ContainsFunc(v, func(r rune) bool { return !('A' <= r && r <= 'Z' || r == '-' || r == '_') }) {
			return "a method has capital letters"
		}
		h.Method = v
		return ""
	},
	"-d": func(h *HTTPProbe, v string) string {
		if file, ok := strings.CutPrefix(v, "@"); ok {
			return setPath(&h.DataFile)(file)
		}
		h.Data = v
		return ""
	},
	"--cert-file":   func(h *HTTPProbe, v string) string { return setPath(&h.CertFile)(v) },
	"--key-file":    func(h *HTTPProbe, v string) string { return setPath(&h.KeyFile)(v) },
	"--ca-file":     func(h *HTTPProbe, v string) string { return setPath(&h.CAFile)(v) },
	"--unix-socket": func(h *HTTPProbe, v string) string { return setPath(&h.Socket)(v) },
	"--status": func(h *HTTPProbe, v string) string {
		ranges, err := parseStatuses(v)
		if err != nil {
			return "status codes are such as 200-299,404"
		}
		h.Status = ranges
		return ""
	},
}

func setPath(field *string) func(string) string {
	return func(path string) string {
		if !strings.HasPrefix(path, "/") {
			return "no absolute path " + pyrepr.Quote(path)
		}
		*field = path
		return ""
	}
}

// parseHTTPProbe reads a URL and options as those of curl. A value may be attached to a short option, or follow = after a long one.
func parseHTTPProbe(text string) (*HTTPProbe, error) {
	words, err := shlex.Split(text)
	if err != nil {
		why := "can't parse check: " + err.Error()
		return nil, &helperError{why, why}
	}
	shown := words[0]
	u, err := url.Parse(words[0])
	if err == nil && u.User != nil {
		u.User = url.User("...")
		shown = u.String()
	}
	wrong := func(why string) (*HTTPProbe, error) { return nil, &checkError{pyrepr.Quote(shown), why} }
	if err != nil || u.Hostname() == "" {
		return wrong("not a URL")
	}
	h := &HTTPProbe{URL: words[0], Status: anySuccess, HTTPOptions: &noHTTPOptions}
	if len(words) > 1 {
		h.HTTPOptions = &HTTPOptions{}
	}
	posts := false
	for rest := words[1:]; len(rest) > 0; {
		name, value, attached := splitOption(rest[0])
		set := httpOptions[name]
		rest = rest[1:]
		switch {
		case !strings.HasPrefix(name, "-"):
			return wrong("unexpected argument")
		case set == nil:
			return wrong("unknown option " + name)
		case !attached && len(rest) == 0:
			return wrong("option " + name + " needs a value")
		case !attached:
			value, rest = rest[0], rest[1:]
		}
		if why := set(h, value); why != "" {
			return wrong(name + ": " + why)
		}
		posts = posts || name == "-d"
	}
	if (h.CertFile == "") != (h.KeyFile == "") {
		return wrong("--cert-file and --key-file need each other")
	}
	if h.Method == "" {
		if h.Method = "GET"; posts {
			h.Method = "POST"
		}
	}
	return h, nil
}

// splitOption splits -Xvalue and --name=value.
func splitOption(word string) (name, value string, attached bool) {
	if strings.HasPrefix(word, "--") {
		return strings.Cut(word, "=")
	}
	if len(word) > 2 && word[0] == '-' {
		return word[:2], word[2:], true
	}
	return word, "", false
}

var errStatuses = errors.New("not a list of status codes")

func parseStatuses(text string) (list []StatusRange, err error) {
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(part, "-")
		if !ranged {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
			return nil, errStatuses
		}
		list = append(list, StatusRange{from, to})
	}
	return list, nil
}

// CheckAction is what follows from a check. The zero value is nothing.
type CheckAction struct {
	Kind    ActionKind     `json:"kind"`
	Signal  syscall.Signal `json:"signal,omitempty"`
	Command HelperCommand  `json:"command,omitzero"`
}

// ActionKind is a kind of CheckAction.
type ActionKind uint8

// The kinds of actions.
const (
	ActionNone    ActionKind = iota
	ActionRestart            // the process is stopped and started again
	ActionStop
	ActionSignal
	ActionExit // supervisord shuts down
	ActionCommand
)

var actionWords = map[ActionKind]string{ActionNone: "none", ActionRestart: "restart", ActionStop: "stop", ActionExit: "exit"}

const signalAction = "signal:"

// String returns the action as it is written in a file.
func (a CheckAction) String() string {
	switch a.Kind {
	case ActionSignal:
		return signalAction + signalText(a.Signal)
	case ActionCommand:
		return a.Command.String()
	}
	return actionWords[a.Kind]
}

var (
	actionType = &Type[CheckAction]{name: "`restart`, `stop`, `signal:NAME`, `exit`, `none`, or a command line",
		parse: parseAction, same: equal[CheckAction], text: CheckAction.String}
	successActionType = actionType.with("`none`, or a command line", parseSuccessAction)
)

func parseAction(text string) (a CheckAction, err error) {
	word := strings.ToLower(pyrepr.TrimSpace(text))
	for kind, name := range actionWords {
		if word == name {
			return CheckAction{Kind: kind}, nil
		}
	}
	if strings.HasPrefix(word, signalAction) {
		a.Kind = ActionSignal
		a.Signal, err = parseSignal(word[len(signalAction):])
		return a, err
	}
	a.Kind = ActionCommand
	a.Command, err = parseHelper(text)
	return a, err
}

func parseSuccessAction(text string) (CheckAction, error) {
	a, err := parseAction(text)
	if err == nil && a.Kind != ActionNone && a.Kind != ActionCommand {
		err = fmt.Errorf("%s is not an action for a success", pyrepr.Quote(text))
	}
	return a, err
}
