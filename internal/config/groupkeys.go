package config

import (
	"io/fs"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/account"
)

// priorityOf returns the priority of a group, which is read before the keys of its processes.
func priorityOf(in Sections, absent int) row[Group] {
	return &keyOf[Group, int]{Key: Key{Name: "priority", Sections: in, Scope: ofFile, Update: inPlace, Since: "3.0", Other: "5",
		Help: "of the group"},
		Type: intType, Absent: absent, Field: func(g *Group) *int { return &g.Priority }}
}

var (
	programPriority  = priorityOf(InProgram|InFastCGI, 999)
	listenerPriority = priorityOf(InListener, -1)
	pluginPriority   = priorityOf(InInterface, -2) // before event listeners, which may call it or subscribe to its events
)

// groupKeys are the keys of [group:x].
var groupKeys = table(Key{Sections: InGroup, Scope: ofFile, Update: inPlace, Since: "3.0"},
	&keyOf[namedGroup, []string]{Key: Key{Name: "programs", Update: members, Default: none, Other: "b",
		Help: "names of `[program:x]` and `[fcgi-program:x]` sections"},
		Type: listType, Field: func(g *namedGroup) *[]string { return &g.programs }},
	&keyOf[namedGroup, int]{Key: Key{Name: "priority", Other: "5", Help: "of the group"},
		Type: intType, Absent: 999, Field: func(g *namedGroup) *int { return &g.Priority }},
	&keyOf[namedGroup, []string]{Key: Key{Name: "groups", Since: Ours, Default: none, Other: "b",
		Help: "names of groups for which `x:*` stands too, see [groups of groups](supervisorctl.md#groups-of-groups)"},
		Type: listType, Field: func(g *namedGroup) *[]string { return &g.extra.Groups }},
	&keyOf[namedGroup, []string]{Key: Key{Name: "depends_on", Since: Ours, Default: none, Other: "-b:exited",
		Help: "what all programs of the group depend on, besides their own `depends_on`"},
		Type: listType, Field: func(g *namedGroup) *[]string { return &g.extra.DependsOn }},
)

type poolKey[T any] = keyOf[Pool, T]

// listenerKeys are the keys of [eventlistener:x] besides those of its processes.
var listenerKeys = table(Key{Sections: InListener, Scope: ofFile, Update: replaces, Since: "3.0"},
	&poolKey[int]{Key: Key{Name: "buffer_size", Update: inPlace, Other: "11",
		Help: "events that wait for a free listener; then the oldest is dropped"},
		Type: bufferType, Absent: 10, Field: func(p *Pool) *int { return &p.BufferSize }, Then: checkBufferSize},
	&poolKey[string]{Key: Key{Name: "result_handler", Other: StdoutHandler,
		Help: "decides what results mean; `supervisor_stdout:event_handler` is built in too"},
		Type: nameType, Absent: DefaultHandler, Field: func(p *Pool) *string { return &p.ResultHandler }, Then: resolveHandler},
	&poolKey[int]{Key: Key{Name: "result_handler_timeout", Since: Ours, Other: "6",
		Help: "seconds that `result_handler_exec` has for each answer"},
		Type: timeoutType, Absent: 5, Field: func(p *Pool) *int { return &p.HandlerTimeout }},
	&poolKey[[]string]{Key: Key{Name: "events", Update: inPlace, Required: true, Other: "TICK_60",
		Help: "types of events, such as `PROCESS_STATE,TICK_60`"},
		Type: eventsType, Field: func(p *Pool) *[]string { return &p.Events }, Then: requireEvents},
	&poolKey[bool]{Key: Key{Name: "payload_length", Since: Ours, Other: "bytes",
		Wrong: "payload_length must be characters or bytes, not ", Help: "what `len` in the header of an event counts"},
		Type: choice("characters", "bytes"), Field: func(p *Pool) *bool { return &p.PayloadBytes }},
	&poolKey[bool]{Key: Key{Name: "redirect_stderr", Update: restarts, Help: "must be false: standard output is the protocol"},
		Type: boolType, Store: refuseRedirect},
	extraEvents(InListener),
)

// handlerKey is the command of the result handler, which is a process.
var handlerKey = &processKey[string]{Key: Key{Name: "result_handler_exec", Secret: true, Sections: InListener, Scope: inProgram, Update: replaces,
	Since: Ours, Default: none, Other: "judge",
	Help: "a program that decides instead of `result_handler`, see [events](events.md#result-handlers)"},
	Type: commandType, Field: func(p *Process) *string { return &p.Run.Command }}

type socketKey[T any] = keyOf[Socket, T]

// socketUser is the user of [fcgi-program:x], the default owner of the socket.
var socketUser = &socketKey[*account.Account]{Key: Key{Name: "user", Scope: ofFile}, Type: accountType,
	Store: func(k *sectionReader, _ *Socket, user *account.Account) { k.socketUser = user }}

// socketKeys are the keys of [fcgi-program:x] besides those of its processes.
var socketKeys = table(Key{Sections: InFastCGI | InDefault, Scope: ofFile, Update: replaces, Since: "3.0"},
	&socketKey[int]{Key: Key{Name: "socket_backlog", Since: "3.4", Default: "the system's maximum", Other: "7",
		Help: "connections that wait to be accepted"},
		Type: backlogType, Field: func(s *Socket) *int { return &s.Backlog }, Then: checkBacklog},
	&socketKey[owner]{Key: Key{Name: "socket_owner", Default: "`user`, if that is not supervisord's", Other: "0:0",
		Wrong: "Invalid socket_owner value ", Help: "of a Unix socket"},
		Type: ownerType, Absent: unchanged, Store: func(_ *sectionReader, s *Socket, o owner) { s.UID, s.GID = o.uid, o.gid }},
	&socketKey[fs.FileMode]{Key: Key{Name: "socket_mode", Other: "0770", Wrong: "Invalid socket_mode value ",
		Help: "of a Unix socket"},
		Type: modeType, Absent: 0o700, Field: func(s *Socket) *fs.FileMode { return &s.Mode }},
	&socketKey[string]{Key: Key{Name: "socket", Scope: ofFile | ofProgram, Required: true, Other: "tcp://h:1",
		Help: "`tcp://host:port` or `unix:///absolute/path`"},
		Type: socketURLType, Field: func(s *Socket) *string { return &s.URL }, Then: checkSocket},
)

type pluginKey[T any] = keyOf[Plugin, T]

// pluginKeys are the keys of [rpcinterface:x] with command= or url= besides those of its processes, and pluginPoolKeys those about
// events.
var (
	pluginKeys = table(Key{Sections: InInterface, Scope: ofFile, Update: replaces, Since: Ours},
		&pluginKey[string]{Key: Key{Name: "url", Secret: true, Default: none, Other: "unix:///other",
			Help: "`unix:///run/x.sock` or `http://host:port`, where the plug-in answers"},
			Type: pluginURLType, Field: func(p *Plugin) *string { return &p.URL }},
		&pluginKey[int]{Key: Key{Name: "callwaitsecs", Other: "11", Help: "seconds that a call may take"},
			Type: positiveType, Absent: 10, Field: func(p *Plugin) *int { return &p.CallWait }},
		&pluginKey[int]{Key: Key{Name: "call_limit", Other: "9", Help: "calls that the plug-in gets at once; others wait"},
			Type: positiveType, Absent: 8, Field: func(p *Plugin) *int { return &p.CallLimit }},
		&pluginKey[Bytes]{Key: Key{Name: "result_maxbytes", Other: "2KB", Help: "size of an answer"},
			Type: sizeType, Absent: 4 << 20, Field: func(p *Plugin) *Bytes { return &p.ResultMax }},
		&pluginKey[access.Role]{Key: Key{Name: "methods_role", Default: "`full`", Other: "control",
			Help: "the least [role](security.md#roles) that may call its methods: `read`, `control` or `full`"},
			Type: roleType, Field: func(p *Plugin) *access.Role { return &p.MethodsRole }, Then: checkMethodsRole},
		declaredTypes,
	)
	declaredTypes = &pluginKey[[]string]{Key: Key{Name: "event_types", Default: none, Other: "DISK_FULL",
		Help: "types of events that the plug-in emits, for `events` of listeners and plug-ins"},
		Type: listType, Field: func(p *Plugin) *[]string { return &p.EventTypes }, Then: checkDeclaredTypes}
	pluginPoolKeys = table(Key{Sections: InInterface, Scope: ofFile, Update: inPlace, Since: Ours},
		&poolKey[int]{Key: Key{Name: "buffer_size", Other: "11",
			Help: "events that wait for the plug-in; then the oldest is dropped"},
			Type: positiveType, Absent: 10, Field: func(p *Pool) *int { return &p.BufferSize }},
		&poolKey[[]string]{Key: Key{Name: "events", Default: none, Other: "TICK_60",
			Help: "types of events that the plug-in is sent"},
			Type: eventsType, Field: func(p *Pool) *[]string { return &p.Events }, Then: checkEvents},
		extraEvents(InInterface),
	)
)

func extraEvents(in Sections) row[Pool] {
	return &poolKey[[]string]{Key: Key{Name: "extra_events", Update: inPlace, Sections: in, Since: Ours, Default: none, Other: "PROCESS_HELD",
		Help: "further types, such as `PROCESS_HEALTH`, which Supervisor 4.x refuses in `events`"},
		Type: eventsType, Field: func(p *Pool) *[]string { return &p.ExtraEvents }, Then: checkExtraEvents}
}

type interfaceKey[T any] = keyOf[Interface, T]

// interfaceKeys are the keys of [rpcinterface:x] with a factory, and ctlPluginKeys those of [ctlplugin:x]. All other keys of these
// sections are passed to the factory or program.
var (
	interfaceKeys = table(Key{Sections: InInterface, Update: nothing, Since: "3.0"}, factoryKey("supervisor.rpcinterface_factory",
		"required, unless there is `command` or `url`",
		"a built-in one: `"+MainInterface+"` or `"+Twiddler+"`", Twiddler))
	ctlPluginKeys = table(Key{Sections: InCtlPlugin, Update: nothing, Since: "3.0"},
		factoryKey("supervisor.ctl_factory", "required, unless there is `command`", "a built-in one: `"+Wildcards+"`", Wildcards),
		&interfaceKey[string]{Key: Key{Name: "command", Secret: true, Since: Ours, Default: none, Other: "/c",
			Help: "a program that becomes the command of that name, see [supervisorctl](supervisorctl.md)"}, Type: commandType},
	)
)

func factoryKey(name, absent, help, other string) row[Interface] {
	return &interfaceKey[string]{Key: Key{Name: name, Default: absent, Help: help, Other: other}, Type: nameType,
		Field: func(i *Interface) *string { return &i.Factory }}
}
