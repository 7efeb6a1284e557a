package config

import (
	"cmp"
	"errors"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// notifyPrefix begins the names of the sections of notifications.
const notifyPrefix = "notify:"

// Rate is a number of things within a time.
type Rate struct {
	N      int
	Within time.Duration
}

// Notification is a [notify:x] section, which supervisor-notify reads, and supervisord does not.
type Notification struct {
	Name           string
	Type           string   // webhook, smtp or exec
	On             []string // kinds of incidents
	Programs       []string // patterns of namespecs
	Flapping       Rate
	GroupBy        string // program, group or host
	GroupWait      time.Duration
	GroupInterval  time.Duration
	RepeatInterval time.Duration
	Rate           Rate
	Format         string // of a webhook: json, slack, teams, discord or text
	TemplateFile   string // absolute; empty: none
	URL            string
	Headers        map[string]string
	Secret         string // whsec_ and base64; empty: none, or in SecretFile
	SecretFile     string // absolute; empty: none
	CAFile         string // absolute; empty: the authorities that the system knows
	SMTP           string // HOST:PORT
	SMTPTLS        string // starttls, tls or none
	SMTPUser       string // empty: no authentication
	SMTPPassFile   string // absolute; empty: none
	SMTPPassword   string // that of the file, once it is read
	From           string
	To             []string
	Command        string
	Timeout        time.Duration
	RetryFor       time.Duration
	Spool          string // absolute
}

// defaultSpool is where supervisor-notify keeps what it has not sent.
const defaultSpool = "/var/lib/supervisor/notify"

// The values of type=.
const (
	NotifyWebhook = "webhook"
	NotifySMTP    = "smtp"
	NotifyExec    = "exec"
)

// The values of smtp_tls=.
const (
	SMTPStartTLS = "starttls"
	SMTPTLS      = "tls"
	SMTPPlain    = "none"
)

// notifyKinds are the words of on=.
var notifyKinds = []string{"fatal", "unexpected", "backoff", "flapping", "recovered", "stopped", "running", "supervisor", "unhealthy"}

type notifyKey[T any] = keyOf[Notification, T]

// notifyKeys are the keys of [notify:x].
var notifyKeys = table(Key{Sections: InNotify, Scope: ofFile | ofHost, Update: nothing, Since: Ours},
	&notifyKey[string]{Key: Key{Name: "type", Required: true, Other: "exec",
		Help: "how messages are sent: to a URL, by mail, or by a command"},
		Type: oneOf(NotifyWebhook, NotifySMTP, NotifyExec), Field: func(n *Notification) *string { return &n.Type }, Then: requireNotifyType},
	&notifyKey[[]string]{Key: Key{Name: "on", Other: "fatal,flapping", Help: "what messages are about: `" + strings.Join(notifyKinds, "`, `") + "`"},
		Type: notifyOnType, Absent: []string{"fatal", "unexpected", "recovered"}, Field: func(n *Notification) *[]string { return &n.On }},
	&notifyKey[[]string]{Key: Key{Name: "programs", Other: "web:*,!web:canary",
		Help: "patterns of the names of processes, such as `web:*`; those with `!` before them exclude"},
		Type: listType, Absent: []string{"*"}, Field: func(n *Notification) *[]string { return &n.Programs }, Then: requireNotifyPrograms},
	&notifyKey[Rate]{Key: Key{Name: "flapping", Other: "5/1h", Help: "unexpected exits within a time from which on a process counts as flapping"},
		Type: rateType, Absent: Rate{3, 10 * time.Minute}, Field: func(n *Notification) *Rate { return &n.Flapping }},
	&notifyKey[string]{Key: Key{Name: "group_by", Other: "host",
		Help: "what shares a message: the incidents of a process (`program`), of a group, or all (`host`)"},
		Type: oneOf("program", "group", "host"), Absent: "group", Field: func(n *Notification) *string { return &n.GroupBy }},
	&notifyKey[time.Duration]{Key: Key{Name: "group_wait", Other: "0s", Default: "`10s`",
		Help: "how long the first incident waits for others that share its message"},
		Type: durationType, Absent: 10 * time.Second, Field: func(n *Notification) *time.Duration { return &n.GroupWait }},
	&notifyKey[time.Duration]{Key: Key{Name: "group_interval", Other: "1m", Default: "`5m`",
		Help: "the least time between two messages about the same"},
		Type: durationType, Absent: 5 * time.Minute, Field: func(n *Notification) *time.Duration { return &n.GroupInterval }},
	&notifyKey[time.Duration]{Key: Key{Name: "repeat_interval", Other: "1d", Default: "`4h`",
		Help: "when a problem that still exists is reported again; 0: never"},
		Type: durationType, Absent: 4 * time.Hour, Field: func(n *Notification) *time.Duration { return &n.RepeatInterval }},
	&notifyKey[Rate]{Key: Key{Name: "rate", Other: "100/1d", Default: "`20/1h`",
		Help: "the most messages within a time; the last of them says how many were held back"},
		Type: messageRateType, Absent: Rate{20, time.Hour}, Field: func(n *Notification) *Rate { return &n.Rate }},
	&notifyKey[string]{Key: Key{Name: "format", Other: "slack", Help: "what a webhook has as its body, see [formats](supervisor-notify.md#formats)"},
		Type: oneOf("json", "slack", "teams", "discord", "text"), Absent: "json", Field: func(n *Notification) *string { return &n.Format }},
	&notifyKey[string]{Key: Key{Name: "template_file", Default: none, Other: "/etc/supervisor/notify.tmpl",
		Help: "a [template](supervisor-notify.md#templates) for the text of messages"},
		Type: historyType, Field: func(n *Notification) *string { return &n.TemplateFile }},
	&notifyKey[string]{Key: Key{Name: "url", Secret: true, Default: none, Other: "https://hooks.example.com/x", Help: "where a webhook is sent, by POST"},
		Type: notifyURLType, Field: func(n *Notification) *string { return &n.URL }},
	&notifyKey[map[string]string]{Key: Key{Name: "headers", Secret: true, Default: none, Other: `Authorization="Bearer token"`,
		Help: "headers of a webhook, in the notation of `environment`"},
		Type: notifyHeadersType, Field: func(n *Notification) *map[string]string { return &n.Headers }},
	&notifyKey[string]{Key: Key{Name: "secret", Secret: true, Default: none, Other: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		Help: "`whsec_` and 24 to 64 bytes in base64, with which a webhook is [signed](supervisor-notify.md#webhooks)"},
		Type: notifySecretType, Field: func(n *Notification) *string { return &n.Secret }},
	&notifyKey[string]{Key: Key{Name: "secret_file", Default: none, Other: "/etc/supervisor/secret", Help: "a file whose first line is the secret"},
		Type: historyType, Field: func(n *Notification) *string { return &n.SecretFile }, Then: requireOneSecret},
	&notifyKey[string]{Key: Key{Name: "ca_file", Default: "those of the system", Other: "/etc/ssl/own.pem", Help: "certificates of the authorities that servers may have theirs from"},
		Type: historyType, Field: func(n *Notification) *string { return &n.CAFile }},
	&notifyKey[string]{Key: Key{Name: "smtp", Default: none, Other: "mail.example.com:587", Help: "`host:port` of a mail server"},
		Type: notifyAddressType, Field: func(n *Notification) *string { return &n.SMTP }},
	&notifyKey[string]{Key: Key{Name: "smtp_tls", Other: "tls",
		Help: "`starttls`: mail is sent only after STARTTLS; `tls`: TLS from the start, as on port 465; `none`"},
		Type: oneOf(SMTPStartTLS, SMTPTLS, SMTPPlain), Absent: SMTPStartTLS, Field: func(n *Notification) *string { return &n.SMTPTLS }},
	&notifyKey[string]{Key: Key{Name: "smtp_user", Default: none, Other: "u", Help: "the name for a login at the mail server, with TLS only"},
		Type: textType, Field: func(n *Notification) *string { return &n.SMTPUser }, Then: refusePlainLogin},
	&notifyKey[string]{Key: Key{Name: "smtp_password_file", Default: none, Other: "/etc/supervisor/mail-password", Help: "a file whose first line is the password"},
		Type: historyType, Field: func(n *Notification) *string { return &n.SMTPPassFile }},
	&notifyKey[string]{Key: Key{Name: "from", Default: none, Other: "supervisor@example.com", Help: "the sender of mail"},
		Type: notifyMailType, Field: func(n *Notification) *string { return &n.From }},
	&notifyKey[[]string]{Key: Key{Name: "to", Default: none, Other: "ops@example.com,web@example.com", Help: "the recipients of mail"},
		Type: notifyMailsType, Field: func(n *Notification) *[]string { return &n.To }},
	&notifyKey[string]{Key: Key{Name: "command", Secret: true, Default: none, Other: "/usr/local/bin/page",
		Help: "of `type=exec`: a command line, without a shell; the message is its standard input"},
		Type: notifyCommandType, Field: func(n *Notification) *string { return &n.Command }},
	&notifyKey[time.Duration]{Key: Key{Name: "timeout", Other: "30s", Default: "`10s`", Help: "how long one try may take"},
		Type: positiveDurationType, Absent: 10 * time.Second, Field: func(n *Notification) *time.Duration { return &n.Timeout }},
	&notifyKey[time.Duration]{Key: Key{Name: "retry_for", Other: "1d", Default: "`1h`",
		Help: "how long a message that cannot be sent is tried again"},
		Type: durationType, Absent: time.Hour, Field: func(n *Notification) *time.Duration { return &n.RetryFor }},
	&notifyKey[string]{Key: Key{Name: "spool", Other: "/srv/notify", Help: "the directory of what is not sent yet, one for all sections"},
		Type: historyType, Absent: defaultSpool, Field: func(n *Notification) *string { return &n.Spool }},
)

// The types of these keys.
var (
	rateType        = &Type[Rate]{name: "integer from 1 / duration", parse: parseRate(1), words: true, same: equal[Rate], text: rateText}
	messageRateType = &Type[Rate]{name: "integer from 2 / duration", parse: parseRate(2), words: true, same: equal[Rate], text: rateText}
	notifyOnType    = &Type[[]string]{name: "list", parse: parseNotifyOn, words: true, same: slices.Equal[[]string], text: listText}
	notifyURLType   = &Type[string]{name: "URL", parse: parseWebURL, same: equal[string]}

	notifyAddressType = &Type[string]{name: "host:port", parse: parseMailServer, words: true, same: equal[string]}
	notifyMailType    = &Type[string]{name: "address", parse: parseMailAddress, words: true, same: equal[string]}
	notifyMailsType   = &Type[[]string]{name: "list", parse: parseMailAddresses, words: true, same: slices.Equal[[]string], text: listText}

	notifyHeadersType = &Type[map[string]string]{name: "environment", parse: parseHeaders, same: environmentType.same}
	notifySecretType  = &Type[string]{name: "text", parse: parseNotifySecret, same: equal[string]}
	notifyCommandType = &Type[string]{name: "command line", parse: parseNotifyCommand, same: equal[string]}
)

// parseRate returns a reader of N/T with a lower bound of N.
func parseRate(low int) func(string) (Rate, error) {
	return func(s string) (r Rate, err error) {
		n, within, _ := strings.Cut(s, "/")
		if r.N, err = parseWithin(n, low, 10_000); err == nil {
			r.Within, err = parsePositiveDuration(within)
		}
		if err != nil {
			return Rate{}, errWord
		}
		return r, nil
	}
}

func rateText(r Rate) string { return strconv.Itoa(r.N) + "/" + shortDuration(r.Within) }

// shortDuration returns 10m for ten minutes.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func parseNotifyOn(s string) ([]string, error) {
	kinds, err := parseList(strings.ToLower(s))
	for _, kind := range kinds {
		if !slices.Contains(notifyKinds, kind) {
			return nil, errWord
		}
	}
	return kinds, cmp.Or(err, emptyIs(kinds))
}

func emptyIs(list []string) error {
	if len(list) == 0 {
		return errWord
	}
	return nil
}

// parseWebURL accepts absolute URLs of web servers.
func parseWebURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errors.New("not an http:// or https:// URL")
	}
	return s, nil
}

// parseMailServer accepts HOST:PORT.
func parseMailServer(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if _, portErr := parsePort(port); err != nil || portErr != nil || host == "" {
		return "", errWord
	}
	return s, nil
}

func parseMailAddress(s string) (string, error) {
	if _, err := mail.ParseAddress(s); err != nil {
		return "", errWord
	}
	return s, nil
}

func parseMailAddresses(s string) ([]string, error) {
	list, err := parseList(s)
	for _, address := range list {
		if _, err := parseMailAddress(address); err != nil {
			return nil, err
		}
	}
	return list, cmp.Or(err, emptyIs(list))
}

// parseHeaders accepts names and values that HTTP does.
func parseHeaders(s string) (map[string]string, error) {
	headers, err := parseEnvironment(s)
	for name, value := range headers {
		if !headerName().MatchString(name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, errors.New("not a header of HTTP")
		}
	}
	return headers, err
}

var headerName = pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func parseNotifySecret(s string) (string, error) {
	_, err := SigningKey(s)
	return s, err
}

func parseNotifyCommand(s string) (string, error) {
	words, err := shlex.Split(s)
	if err != nil || len(words) == 0 {
		return "", errors.New("not a command line")
	}
	return s, nil
}

// requireNotifyType requires a type, and what the type needs.
func requireNotifyType(k *sectionReader, n *Notification) {
	if n.Type == "" {
		if len(k.unread) == 0 {
			k.failSection("type")
		}
		return
	}
	for _, key := range map[string][]string{NotifyWebhook: {"url"}, NotifySMTP: {"smtp", "from", "to"}, NotifyExec: {"command"}}[n.Type] {
		if !k.has(key) { // an empty one is invalid
			k.failSection(key)
		}
	}
}

// failSection is the error for a key that a section needs.
func (k *sectionReader) failSection(key string) {
	k.fail(key, ini.Value{}, errors.New("section ["+k.s.Name+"] does not specify a "+key))
}

func requireNotifyPrograms(k *sectionReader, n *Notification) {
	if len(n.Programs) == 0 {
		k.failf("programs", "section [%s] has no pattern in programs", k.s.Name)
	}
}

func requireOneSecret(k *sectionReader, n *Notification) {
	if n.Secret != "" && n.SecretFile != "" {
		k.failf("secret_file", "section [%s] has both secret and secret_file", k.s.Name)
	}
}

// refusePlainLogin refuses to send a password without TLS.
func refusePlainLogin(k *sectionReader, n *Notification) {
	if n.SMTPUser != "" && n.SMTPTLS == SMTPPlain {
		k.failf("smtp_user", "section [%s] has smtp_user with smtp_tls=none: the password would be sent without TLS", k.s.Name)
	}
}

// notifyOnly are the keys that have an effect with some types only.
var notifyOnly = map[string]string{"url": NotifyWebhook, "headers": NotifyWebhook, "secret": NotifyWebhook, "secret_file": NotifyWebhook,
	"format": NotifyWebhook, "ca_file": NotifyWebhook + " " + NotifySMTP, "command": NotifyExec, "smtp": NotifySMTP, "smtp_tls": NotifySMTP,
	"smtp_user": NotifySMTP, "smtp_password_file": NotifySMTP, "from": NotifySMTP, "to": NotifySMTP}
