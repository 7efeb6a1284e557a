package config

import "github.com/gosupervisor/supervisor/internal/access"

// The keys of [supervisord] about clients of all servers.
var (
	loginLimitKey = &daemonKey[access.Limit]{Key: Key{Name: "login_limit", Topic: daemonTopic, Update: atReread, Since: Ours, Other: "5/10s",
		Default: "`10/60` if there are users or one of `access`, `anonymous` and `serve`; else `0`",
		Help:    "failed logins within a time after which an address or a name has to wait, see [failed logins](security.md#failed-logins); 0: any number"},
		Type: loginLimitType, Field: func(s *settings) *access.Limit { return &s.LoginLimit }}
	openServerKey = &daemonKey[string]{Key: Key{Name: "open_server", Topic: daemonTopic, Since: Ours, Default: "`warn`", Other: "refuse",
		Help: "what to do about a TCP server that lets clients without credentials control programs: `allow`, `warn`, or `refuse` it if it " +
			"listens beyond the loopback interface"},
		Type: openServerType, Field: func(s *settings) *string { return &s.OpenServer }}
)
