package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/output"
)

const (
	minTail = 1024    // bytes of a log on its page, without limit=
	maxTail = 1 << 20 // bytes
)

// tailPage is the page of a log: its end and, for the script, the address of the stream.
type tailPage struct {
	daemonInfo
	Title    string
	Process  string // empty: the main log
	Stderr   bool   // the stderr log is shown
	Has      struct{ Stdout, Stderr bool }
	Text     string
	Records  bool // the log has records in JSON, which are shown as text
	Raw      bool // they are shown as they are
	Limit    int
	Message  string
	Failed   bool
	Stream   string // address of the log as a stream; empty: there is no log
	Download string
}

// limitOf is the number of bytes of a log that the request asks for. Source: supervisor.web.TailView.
func limitOf(r *http.Request) int {
	n, err := strconv.ParseUint(r.Form.Get("limit"), 10, 31)
	if err != nil {
		return minTail
	}
	return min(max(int(n), minTail), maxTail)
}

// tail is the page of a log of a process.
func (h *Handler) tail(w http.ResponseWriter, r *http.Request) (status int) {
	return render(w, http.StatusOK, "tail.html", func() (any, int) { return h.tailPage(r), 0 })
}

func (h *Handler) tailPage(r *http.Request) tailPage {
	name := r.Form.Get("processname")
	page := tailPage{
		daemonInfo: h.daemonInfo(r), Process: name, Title: "tail of process " + name, Limit: limitOf(r),
		Stderr: r.Form.Get("channel") == "stderr", Message: r.Form.Get("message"),
	}
	page.Failed, page.Raw = isFailure(page.Message), r.Form.Get("raw") == "1"
	if name == "" {
		page.Title += "None"
		page.Text = "No process name found"
		return page
	}
	if info, err := h.ops.For(r.Context()).Info(name); err == nil {
		page.Has.Stdout, page.Has.Stderr = info.StdoutLogfile != "", info.StderrLogfile != ""
	}
	channel := api.Stdout
	if page.Stderr {
		channel = api.Stderr
	}
	data, err := h.ops.For(r.Context()).ReadLog(name, channel, -int64(page.Limit), 0)
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		page.show(data)
		log := quote(name) + "/" + channel.String()
		page.Stream, page.Download = "logtail/"+log, "logfile/"+log
	case isFault(err, api.NoFile):
		page.Text = "No file for " + name
	case fault != nil:
		page.Text = "ERROR: " + unexpected(fault)
	default:
		panic(http.ErrAbortHandler)
	}
	return page
}

// mainTail is the page of the main log.
func (h *Handler) mainTail(w http.ResponseWriter, r *http.Request) (status int) {
	return render(w, http.StatusOK, "tail.html", func() (any, int) { return h.mainTailPage(r), 0 })
}

func (h *Handler) mainTailPage(r *http.Request) tailPage {
	page := tailPage{daemonInfo: h.daemonInfo(r), Title: "main log", Limit: limitOf(r)}
	data, err := h.ops.ReadMainLog(-int64(page.Limit), 0)
	fault := api.FaultOf(err)
	switch {
	case err == nil:
		page.Text, page.Stream, page.Download = plain(data), "mainlogtail", "mainlogfile"
	case isFault(err, api.NoFile):
		page.Text = "No file for the main log"
	case fault != nil:
		page.Text = "ERROR: " + unexpected(fault)
	default:
		panic(http.ErrAbortHandler)
	}
	return page
}

// show has the page show the end of a log of a process.
func (p *tailPage) show(data []byte) {
	if p.Raw {
		p.Text = plain(data)
		return
	}
	var text strings.Builder
	for line := range strings.SplitAfterSeq(string(data), "\n") {
		content, end := strings.CutSuffix(line, "\n")
		lines, is := output.Readable(content)
		text.WriteString(strings.Join(lines, "\n"))
		if end {
			text.WriteByte('\n')
		}
		p.Records = p.Records || is
	}
	p.Text = plain([]byte(text.String()))
}

// plain is a log as text without terminal sequences. The script, which streams the log, shows colors.
func plain(data []byte) string {
	return string(bytes.ToValidUTF8(output.StripANSI(data), []byte("\uFFFD")))
}
