package fleet

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var labelName = regexp.MustCompile(`^[a-z][a-z0-9_.-]*$`)

func isLabel(name string) bool { return labelName.MatchString(name) }

// parseLabels reads role=web,dc="fra,1".
func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		name, after = strings.TrimSpace(name), strings.TrimLeft(after, " ")
		if !ok || !isLabel(name) {
			return nil, fmt.Errorf("%q is not LABEL=VALUE, with a label of the characters a-z0-9_.- that begins with a letter", rest)
		}
		if _, twice := labels[name]; twice {
			return nil, fmt.Errorf("label %s is there twice", name)
		}
		var value string
		if quoted, ok := strings.CutPrefix(after, `"`); ok {
			if value, rest, ok = strings.Cut(quoted, `"`); !ok {
				return nil, fmt.Errorf("the quotes of label %s do not end", name)
			}
			if rest = strings.TrimLeft(rest, " "); rest != "" && rest[0] != ',' {
				return nil, fmt.Errorf("%q follows the quotes of label %s", rest, name)
			}
			rest = strings.TrimPrefix(rest, ",")
		} else {
			value, rest, _ = strings.Cut(after, ",")
			value = strings.TrimSpace(value)
		}
		labels[name] = value
		rest = strings.TrimLeft(rest, " ")
	}
	return labels, nil
}

// FormatLabels returns labels in the order of their names: dc=fra,role=web.
func FormatLabels(labels map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, name+"="+labels[name])
	}
	return strings.Join(list, ",")
}

// parseSize reads a number of bytes: 65536, 64KB, 64MB, 1GB.
func parseSize(text string) (int64, error) {
	number, factor := strings.ToUpper(strings.TrimSpace(text)), int64(1)
	for suffix, f := range map[string]int64{"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30} {
		if before, ok := strings.CutSuffix(number, suffix); ok {
			number, factor = strings.TrimSpace(before), f
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, fmt.Errorf("%q is not a number of bytes, such as 64MB", text)
	}
	return n * factor, nil
}

// ParseDuration reads a duration, such as 30s, 1h30m or 7d.
func ParseDuration(text string) (time.Duration, error) {
	rest := strings.TrimSpace(text)
	var days time.Duration
	if before, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseUint(before, 10, 16)
		if err != nil {
			return 0, badDuration(text)
		}
		if days, rest = time.Duration(n)*24*time.Hour, after; rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > 10*365*24*time.Hour {
		return 0, badDuration(text)
	}
	return days + d, nil
}

func badDuration(text string) error {
	return fmt.Errorf("%q is not a duration, such as 30s, 1h or 7d", text)
}

// parseHub checks the address of a hub, and reports whether what is sent there is neither encrypted nor stays on this host.
func parseHub(text string) (plain bool, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "tls" && u.Scheme != "nats" || u.Hostname() == "" || u.Port() == "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false, fmt.Errorf("%q is neither tls://HOST:PORT nor nats://HOST:PORT", text)
	}
	return u.Scheme == "nats" && !isLoopback(u.Hostname()), nil
}

// isLoopback reports whether an address is of this host only. Of names only localhost is.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
