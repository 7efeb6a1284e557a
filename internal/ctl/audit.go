package ctl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
)

// auditEntry is an entry of the audit log.
type auditEntry struct {
	Time     string `json:"time"`
	User     string `json:"user"`
	By       string `json:"by"`
	From     string `json:"from"`
	OnBehalf string `json:"on_behalf"`
	Via      string `json:"via"`
	Action   string `json:"action"`
	Target   string `json:"target"`
	Result   string `json:"result"`
	MS       int64  `json:"ms"`
	Omitted  int    `json:"omitted"`
}

// text is the entry for people.
func (e *auditEntry) text() string {
	var b strings.Builder
	if e.Omitted > 0 {
		fmt.Fprintf(&b, "%d refused requests were left out here\n", e.Omitted)
	}
	fmt.Fprintf(&b, "%s %s", e.Time, cmp.Or(e.User, "-"))
	if e.OnBehalf != "" {
		b.WriteString(" on behalf of " + e.OnBehalf)
	}
	if how := strings.Trim(e.By+", "+e.From, ", "); how != "" {
		b.WriteString(" (" + how + ")")
	}
	fmt.Fprintf(&b, " %s %s", e.Via, e.Action)
	if e.Target != "" {
		b.WriteString(" " + e.Target)
	}
	fmt.Fprintf(&b, ": %s, %d ms", e.Result, e.MS)
	return b.String()
}

// audit prints the last entries of the audit log.
func (c *Controller) audit(args []string) error {
	count, raw := 20, false
	names, err := parseFlags(args, map[string]func(string) error{"-n": func(text string) (err error) {
		if count, err = strconv.Atoi(text); err != nil || count < 0 {
			return fmt.Errorf("bad number of entries %s", text)
		}
		return nil
	}}, map[string]*bool{"--json": &raw})
	if err == nil && len(names) > 0 {
		err = errors.New("audit accepts no names")
	}
	if err != nil {
		return c.invalidArg(err.Error())
	}
	lines, err := c.server.ReadAuditLog(c.ctx, count)
	switch faultCode(err) {
	case api.UnknownMethod:
		c.println("ERROR: the server cannot do this: supervisor.readAuditLog")
		c.status = exitGeneric
		return nil
	case api.NoFile:
		c.println("ERROR: there is no file of an audit log, see audit_log in [supervisord]")
		c.status = exitGeneric
		return nil
	}
	if err != nil {
		return err
	}
	for _, line := range lines {
		var e auditEntry
		if !raw && json.Unmarshal([]byte(line), &e) == nil {
			line = e.text()
		}
		c.println(c.visible(line, false))
	}
	return nil
}
