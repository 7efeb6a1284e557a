package rpc

import (
	"context"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// searchOptions are options of searchProcessStdoutLog and searchProcessStderrLog, which logQuery reads.
var searchOptions = Param{Name: "options", Type: "struct", Optional: true, Help: "since and until: records from the one time on and before the " +
	"other, as RFC 3339; grep: a regular expression (RE2) that the record matches, in JSON its message or data; after: next of the result " +
	"before, to go on there; bytes: how much text is enough, up to 1 MiB"}

const searchResult = "struct records, an array with a struct for each: time (RFC 3339, in UTC) and text, as in the file, and " +
	"bytes (base64), if XML cannot hold the text as it is; next, for after; more, whether there is more to be read now; read, how many bytes were read from files; problems, an array of texts about files that " +
	"cannot be read"

func (s *Server) searchProcessStdoutLog(ctx context.Context, a args) (result, error) {
	return s.searchProcessLog(ctx, a, api.Stdout)
}

func (s *Server) searchProcessStderrLog(ctx context.Context, a args) (result, error) {
	return s.searchProcessLog(ctx, a, api.Stderr)
}

func (s *Server) searchProcessLog(ctx context.Context, a args, channel api.Channel) (result, error) {
	q, err := logQuery(a, 1)
	if err != nil {
		return nil, err
	}
	return inTurn(searching, func() (result, error) {
		found, err := s.ops.For(ctx).SearchLog(ctx, a.text(0), channel, q)
		return func(e *xmlrpc.Encoder) { writeFound(e, &found) }, err
	})
}

// logQuery reads the parameter i, which has the members of searchOptions.
func logQuery(a args, i int) (q operations.LogQuery, err error) {
	if i >= len(a) {
		return q, nil
	}
	for _, m := range a[i].Members {
		value, ok := convert(m.Value, "string")
		switch m.Name {
		case "since":
			q.Since, err = time.Parse(time.RFC3339Nano, value.Text)
		case "until":
			q.Until, err = time.Parse(time.RFC3339Nano, value.Text)
		case "grep":
			if q.Match, err = logs.Pattern(value.Text); err != nil {
				return q, api.NewFault(api.IncorrectParameters, err.Error())
			}
		case "after":
			q.After = value.Text
		case "bytes":
			q.Bytes, ok = number(m.Value)
		default:
			return q, api.NewFault(api.IncorrectParameters, "no such option "+m.Name)
		}
		if err != nil || !ok {
			return q, api.NewFault(api.IncorrectParameters, "bad value of "+m.Name)
		}
	}
	return q, nil
}

func writeFound(e *xmlrpc.Encoder, f *logs.Found) {
	e.BeginStruct()
	e.Member("records")
	array(f.Records, func(e *xmlrpc.Encoder, r logs.Record) {
		e.BeginStruct()
		e.Member("time")
		e.String(r.Time.UTC().Format(api.RecordTime))
		e.Member("text")
		e.Bytes(r.Text)
		if !xmlrpc.IsText(r.Text) {
			e.Member("bytes")
			e.Base64(r.Text)
		}
		e.EndStruct()
	})(e)
	e.Member("next")
	e.String(f.Next.String())
	e.Member("more")
	e.Bool(f.More)
	e.Member("read")
	e.Int(f.Read)
	e.Member("problems")
	array(f.Problems, writeString)(e)
	e.EndStruct()
}
