package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// The files of agents, hubs and clients.
const (
	DefaultFile        = "/etc/supervisor/fleet.conf"
	DefaultCredentials = "/etc/supervisor/fleet.creds"
)

// Config is the contents of a file fleet.conf.
type Config struct {
	Agent Agent
	Hub   Hub
}

// Agent is the section [fleet].
type Agent struct {
	Given              bool // the file has the section
	Hubs               []string
	AllowPlain         bool
	CAFile             string // empty: those of the system
	Credentials        string // empty: the default file, if it is there
	Host               string // empty: the host name
	Labels             map[string]string
	ServerURL          string // empty: SUPERVISOR_SERVER_URL of the environment
	ServerUser         string
	ServerPasswordFile string
	Spool              string
	SpoolMaxBytes      int64
	SpoolKeep          time.Duration
}

// Hub is the section [hub].
type Hub struct {
	Listen          string
	Data            string
	TLSCert, TLSKey string
	EventsMaxAge    time.Duration
	EventsMaxBytes  int64
	LostAfter       time.Duration
}

// Key is a row of the table of keys.
type Key struct {
	Section, Name, Default string
	set                    func(*Config, string) error
}

// Keys has all keys of the file.
var Keys = []Key{
	{"fleet", "hub", "", func(c *Config, text string) error { return c.Agent.SetHubs(text) }},
	{"fleet", "allow_plain", "false", setBool(func(c *Config) *bool { return &c.Agent.AllowPlain })},
	{"fleet", "ca_file", "", setText(func(c *Config) *string { return &c.Agent.CAFile })},
	{"fleet", "credentials", "", setText(func(c *Config) *string { return &c.Agent.Credentials })},
	{"fleet", "host", "", func(c *Config, text string) error { return setHost(&c.Agent, text) }},
	{"fleet", "labels", "", func(c *Config, text string) (err error) {
		c.Agent.Labels, err = parseLabels(text)
		return err
	}},
	{"fleet", "server_url", "", setText(func(c *Config) *string { return &c.Agent.ServerURL })},
	{"fleet", "server_user", "", setText(func(c *Config) *string { return &c.Agent.ServerUser })},
	{"fleet", "server_password_file", "", setText(func(c *Config) *string { return &c.Agent.ServerPasswordFile })},
	{"fleet", "spool", "/var/lib/supervisor-fleet", setText(func(c *Config) *string { return &c.Agent.Spool })},
	{"fleet", "spool_maxbytes", "64MB", setSize(4<<20, func(c *Config) *int64 { return &c.Agent.SpoolMaxBytes })},
	{"fleet", "spool_keep", "1h", setDuration(0, func(c *Config) *time.Duration { return &c.Agent.SpoolKeep })},
	{"hub", "listen", "127.0.0.1:4222", setText(func(c *Config) *string { return &c.Hub.Listen })},
	{"hub", "data", "/var/lib/supervisor-fleet-hub", setText(func(c *Config) *string { return &c.Hub.Data })},
	{"hub", "tls_cert", "", setText(func(c *Config) *string { return &c.Hub.TLSCert })},
	{"hub", "tls_key", "", setText(func(c *Config) *string { return &c.Hub.TLSKey })},
	{"hub", "events_maxage", "7d", setDuration(time.Hour, func(c *Config) *time.Duration { return &c.Hub.EventsMaxAge })},
	{"hub", "events_maxbytes", "1GB", setSize(1<<20, func(c *Config) *int64 { return &c.Hub.EventsMaxBytes })},
	{"hub", "lost_after", "30s", setDuration(3*time.Second, func(c *Config) *time.Duration { return &c.Hub.LostAfter })},
}

func setText(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		return nil
	}
}

func setSize(least int64, field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, text string) error {
		n, err := parseSize(text)
		if err == nil && n < least {
			err = fmt.Errorf("%q is less than %d bytes", text, least)
		}
		*field(c) = n
		return err
	}
}

func setDuration(least time.Duration, field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, text string) error {
		d, err := ParseDuration(text)
		if err == nil && d < least {
			err = fmt.Errorf("%q is less than %v", text, least)
		}
		*field(c) = d
		return err
	}
}

func setBool(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, text string) error {
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			*field(c) = true
		case "false", "no", "off", "0":
			*field(c) = false
		default:
			return fmt.Errorf("%q is neither true nor false", text)
		}
		return nil
	}
}

// SetHubs sets the addresses of the hub from a list.
func (a *Agent) SetHubs(text string) error {
	a.Hubs = nil
	for hub := range strings.SplitSeq(text, ",") {
		if hub = strings.TrimSpace(hub); hub == "" {
			continue
		}
		if _, err := parseHub(hub); err != nil {
			return err
		}
		a.Hubs = append(a.Hubs, hub)
	}
	return nil
}

// MaxHost bounds a host name, so that the keys of its processes stay short.
const MaxHost = 64

func setHost(a *Agent, text string) error {
	if len(text) > MaxHost {
		return fmt.Errorf("%q has more than %d bytes", text, MaxHost)
	}
	a.Host = text
	return nil
}

// Default returns the configuration of an empty file.
func Default() *Config {
	c := &Config{}
	for _, k := range Keys {
		if k.Default != "" {
			if err := k.set(c, k.Default); err != nil {
				panic(err) // TestDefaults
			}
		}
	}
	return c
}

// Parse reads the text of a configuration file. Name is for messages. It does not check what only an agent or a hub needs.
func Parse(name, text string) (*Config, error) {
	doc := ini.New()
	if err := doc.Parse(&ini.File{Path: name}, text); err != nil {
		return nil, err
	}
	c := Default()
	for _, s := range doc.Sections {
		if s.Name != "fleet" && s.Name != "hub" {
			return nil, fmt.Errorf("there is no section [%s], only [fleet] and [hub] (file: %s, line %d)", s.Name, name, s.Line)
		}
		c.Agent.Given = c.Agent.Given || s.Name == "fleet"
		for _, key := range slices.Sorted(maps.Keys(s.Values)) {
			value := s.Values[key]
			if err := c.set(s.Name, key, value.Text); err != nil {
				return nil, fmt.Errorf("%w (file: %s, line %d)", err, name, value.Line)
			}
		}
	}
	return c, nil
}

// set sets a key.
func (c *Config) set(section, name, text string) error {
	var known []string
	for _, k := range Keys {
		if k.Section != section {
			continue
		}
		if k.Name == name {
			if err := k.set(c, text); err != nil {
				return fmt.Errorf("section [%s] %s: %w", section, name, err)
			}
			return nil
		}
		known = append(known, k.Name)
	}
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = ", perhaps " + near + " is meant"
	}
	return fmt.Errorf("section [%s] has no key '%s'%s", section, name, hint)
}

// Check returns what an agent, or a client of its hub, cannot do with the section [fleet].
func (a Agent) Check() error {
	if len(a.Hubs) == 0 {
		return fmt.Errorf("section [fleet] does not specify a hub")
	}
	for _, hub := range a.Hubs {
		if plain, err := parseHub(hub); err != nil {
			return err
		} else if plain && !a.AllowPlain {
			return fmt.Errorf("hub %s is not encrypted (allow_plain=true)", hub)
		}
	}
	return nil
}

// Check returns what a hub cannot do with the section [hub].
func (h Hub) Check() error {
	host, _, err := splitListen(h.Listen)
	switch {
	case err != nil:
		return fmt.Errorf("section [hub] listen: %w", err)
	case (h.TLSCert == "") != (h.TLSKey == ""):
		return fmt.Errorf("section [hub] has only one of tls_cert and tls_key")
	case !isLoopback(host) && h.TLSCert == "":
		return fmt.Errorf("section [hub] listen=%s is not a loopback address: it needs tls_cert and tls_key", h.Listen)
	}
	return nil
}

// IsLocal reports whether a hub whose section has been checked listens for this machine only.
func (h Hub) IsLocal() bool {
	host, _ := h.Address()
	return isLoopback(host)
}
