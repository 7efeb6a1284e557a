package rest

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
)

// begin notes for the audit log that the request begins.
func (q *request) begin() {
	action := q.route.operation
	if action == "" {
		action = q.route.method + " " + Prefix + q.route.path
	}
	q.note = q.ops.Audit().Begin(q.ctx, audit.API, q.route.role, action, strings.Join(q.args, ":"))
	q.note.Waits()
}

// end records the request, once, before its answer is sent with this status.
func (q *request) end(status int) {
	note := q.note
	q.note = audit.Call{}
	switch {
	case q.err != nil && api.FaultOf(q.err) != nil && api.FaultOf(q.err).Code == api.NotAllowed:
		note.Refuse(audit.Result(q.err))
	case q.err != nil:
		note.End(audit.Result(q.err))
	case status == http.StatusForbidden:
		note.Refuse(audit.Status(status))
	case status >= 400:
		note.End(audit.Status(status))
	default:
		note.End(audit.Result(nil))
	}
}

// auditRoutes are those about the audit log.
var auditRoutes = []route{
	{method: "GET", path: "/audit", role: access.Full, daemon: true, help: "The last entries of the audit log, the oldest first.",
		answer: schema{"type": "object", "properties": schema{"entries": listOf(schema{"type": "object"})}, "required": []string{"entries"}},
		serve:  (*request).audit, params: []param{{name: "n", help: "how many, 100 by default", schema: integers}}},
}

// maxAudit is the largest number of entries in an answer.
const maxAudit = 10000

func (q *request) audit() {
	n, ok := q.number("n", 0, maxAudit, 100)
	if !ok {
		return
	}
	log := q.ops.Audit()
	if !log.Records() {
		q.problem(http.StatusNotFound, "there is no audit log (audit_log=NONE)")
		return
	}
	lines, err := log.Last(n)
	if err != nil {
		q.problem(http.StatusInternalServerError, err.Error())
		return
	}
	body := append([]byte(`{"entries":[`), bytes.Join(lines, []byte(","))...)
	q.answer(http.StatusOK, append(body, "]}"...))
}
