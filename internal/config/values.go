package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/shlex"
	"github.com/gosupervisor/supervisor/internal/signame"
)

func parseString(s string) (string, error) { return s, nil }

func parseInteger(s string) (int, error) {
	n, ok := pyrepr.ParseInt(s, 10)
	if !ok {
		return 0, errors.New(pyrepr.IntError(s))
	}
	return n, nil
}

// units are the units of sizes, in ascending order.
var units = [...]struct {
	name string
	size Bytes
}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}}

// parseBytes reads a size such as 50MB. A negative one counts as 0. Source: logfile_maxbytes.
func parseBytes(s string) (Bytes, error) {
	s = strings.ToLower(s)
	unit := 1
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = rest, int(u.size)
			break
		}
	}
	n, err := parseInteger(s)
	const most = 1 << 62
	if n > most/unit {
		return most, err
	}
	return Bytes(max(n, 0) * unit), err
}

func parseBoolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "true", "on", "1":
		return true, nil
	case "no", "false", "off", "0":
		return false, nil
	}
	return false, errors.New("not a valid boolean value: " + pyrepr.Quote(s))
}

// errWord is the error for an unknown word; it is replaced by a message that names the key.
var errWord = errors.New("unknown word")

func parseOctal(s string) (int, error) {
	n, ok := pyrepr.ParseInt(s, 8)
	if !ok {
		return 0, fmt.Errorf("%s can not be converted to an octal type", s)
	}
	return n, nil
}

// parseUmask reads an octal number and keeps the nine bits that the system uses.
func parseUmask(s string) (int, error) {
	n, err := parseOctal(s)
	return n & 0o777, err
}

// parseMode reads permission bits.
func parseMode(s string) (fs.FileMode, error) {
	mode, err := parseOctal(s)
	return fs.FileMode(mode & 0o777), err
}

// parseServerURL returns no URL for the word auto.
func parseServerURL(s string) (string, error) {
	if strings.EqualFold(pyrepr.TrimSpace(s), "auto") {
		return "", nil
	}
	return s, nil
}

func parseLevel(s string) (api.Level, error) {
	level, ok := api.ParseLevel(s)
	if !ok {
		return 0, errors.New("bad logging level name " + pyrepr.Quote(s))
	}
	return level, nil
}

func parseRestart(s string) (Restart, error) {
	if strings.ToLower(s) == "unexpected" {
		return RestartUnexpected, nil
	}
	always, err := parseBoolean(s)
	if err != nil {
		return 0, errors.New("invalid 'autorestart' value " + pyrepr.Quote(strings.ToLower(s)))
	}
	if always {
		return RestartAlways, nil
	}
	return RestartNever, nil
}

func parseExitCodes(s string) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	var codes []int
	for code := range strings.SplitSeq(s, ",") {
		n, ok := pyrepr.ParseInt(code, 10)
		if !ok || n < 0 || n > 255 {
			return nil, errors.New("not a valid list of exit codes: " + pyrepr.Quote(s))
		}
		codes = append(codes, n)
	}
	return codes, nil
}

// parseSignal reads a signal; 0 is refused. Source: stopsignal.
func parseSignal(s string) (syscall.Signal, error) {
	signal, err := signame.Parse(s)
	if err == nil && signal == 0 {
		return 0, errors.New("value " + pyrepr.Quote(s) + " is not a valid signal number")
	}
	return signal, err
}

// parseList reads names separated by commas. An empty text has none, and an empty name between commas counts.
func parseList(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	list := strings.Split(s, ",")
	for i := range list {
		list[i] = pyrepr.TrimSpace(list[i])
	}
	return list, nil
}

// hostName is a name in the address of a server, or * for all.
var hostName = pattern(`^(\*|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)$`)

// parseHosts reads names of this host, or its addresses, without ports. Source: allowed_hosts.
func parseHosts(s string) ([]string, error) {
	list, err := parseList(strings.ToLower(s))
	for _, name := range list {
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil && !hostName().MatchString(name) {
			return nil, errWord
		}
	}
	return list, err
}

// parseName reads the name of a program, group or process. Characters that would break event listeners and URLs are refused.
func parseName(s string) (string, error) {
	name := pyrepr.TrimSpace(s)
	for _, bad := range []string{" ", ":", "/"} {
		if strings.Contains(name, bad) {
			return "", fmt.Errorf("Invalid name: %s because of character: %s", pyrepr.Quote(s), pyrepr.Quote(bad))
		}
	}
	return name, nil
}

func parsePort(s string) (int, error) { return parseWithin(s, 1, 65535) }

func parseWithin(s string, low, high int) (int, error) {
	n, err := parseInteger(s)
	switch {
	case err != nil:
	case n < low:
		err = fmt.Errorf("%d is below lower bound (%d)", n, low)
	case n > high:
		err = fmt.Errorf("%d is above upper bound (%d)", n, high)
	}
	return n, err
}

// inetAddress is the address of a TCP server. An empty host means all addresses.
type inetAddress struct {
	host string
	port int
}

// parseInetAddress reads "port", "host:port" or "*:port". Source: port.
func parseInetAddress(s string) (inetAddress, error) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		port, err := parsePort(s)
		if err != nil {
			return inetAddress{}, errors.New("not a valid port number: " + pyrepr.Quote(s) + " ")
		}
		return inetAddress{port: port}, nil
	}
	host, number := strings.ToLower(s[:colon]), s[colon+1:]
	if number == "" {
		return inetAddress{}, errors.New("no port number specified in ''")
	}
	if host == "*" {
		host = ""
	}
	port, err := parsePort(number)
	return inetAddress{host, port}, err
}

// pairsError is the error about an environment that is not KEY=value pairs.
type pairsError string

const unexpectedEnd = "Unexpected end of key/value pairs"

// Error returns the original's message, which shows the value.
func (e pairsError) Error() string { return unexpectedEnd + " in value '" + string(e) + "'" }

// Redacted returns the message without the value.
func (e pairsError) Redacted() string { return unexpectedEnd }

// parseEnvironment reads KEY=value pairs. A pair has four tokens: key, equals sign, value, and a separator, which may be any
// token. Source: environment.
func parseEnvironment(s string) (map[string]string, error) {
	tokens, err := shlex.Tokens(s)
	if err != nil {
		return nil, err
	}
	environment := make(map[string]string, (len(tokens)+3)/4)
	for i := 0; i < len(tokens); i += 4 {
		if i+2 >= len(tokens) || tokens[i+1] != "=" {
			return nil, pairsError(s)
		}
		environment[tokens[i]] = tokens[i+2]
	}
	return environment, nil
}
