package operations

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// LogQuery says which records of a log a search finds.
type LogQuery struct {
	Since, Until time.Time      // from Since on and before Until; zero: no limit
	Match        *regexp.Regexp // of logs.Pattern; nil: all
	After        string         // the place that the search before has returned; empty: none
	Bytes        int64          // how much text is enough; 0: as much as a search returns at most
}

// SearchLog finds records of a log of a process, of its rotated files, too; see logs.Search. It returns what it has found after a bounded
// time. The fault is api.NoTimes for a log whose records do not have times, unless it is empty.
func (s *Service) SearchLog(ctx context.Context, name string, channel api.Channel, q LogQuery) (logs.Found, error) {
	var utc, timed bool
	// Short as a search is, an upgrade does not wait for it: the client goes on with the next program.
	search := logs.Search{Stop: waiting.Of(ctx).Frozen(), Since: q.Since, Until: q.Until, Match: q.Match, Bytes: int(min(max(q.Bytes, 0), 1<<30))}
	err := s.Read(func(v supervisor.View) error {
		p, err := s.find(v, name)
		if err == nil {
			search.Log = p.LogSource(channel)
			utc, timed = p.LogTimes(channel)
		}
		return err
	})
	search.UTC = utc
	switch {
	case err != nil:
		return logs.Found{}, err
	case search.Log.Path == "":
		return logs.Found{}, api.NewFault(api.NoFile, name)
	case !timed:
		return logs.Found{}, withoutTimes(search.Log, name, channel)
	}
	if q.After != "" {
		ok := false
		if search.After, ok = logs.ParsePlace(q.After); !ok {
			return logs.Found{}, api.NewFault(api.IncorrectParameters, q.After)
		}
	}
	found, err := search.Run(ctx)
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return found, err
	case errors.Is(err, fs.ErrNotExist):
		return found, api.NewFault(api.NoFile, search.Log.Path)
	}
	return found, Failed(err)
}

// withoutTimes returns the fault for a log that cannot be searched. That there is nothing in it is known without times.
func withoutTimes(log logs.Source, name string, channel api.Channel) error {
	if log.Empty() {
		return nil
	}
	return api.NewFault(api.NoTimes, name+": its log has no times, see "+channel.String()+"_logfile_format")
}
