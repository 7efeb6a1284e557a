package main

import (
	"os"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// logJournal is where records of the main log go in journald, nil for nowhere.
func logJournal(own *config.Supervisord) *logs.JournalTarget {
	if !own.LogJournald {
		return nil
	}
	return &logs.JournalTarget{Journal: logs.TheJournal, Identifier: own.Identifier, What: "log_journald",
		Header: &logs.Header{Facility: own.Shipping.Facility, Tag: own.Shipping.Tag}}
}

// logHeader is that of records of the main log, nil if they are those of the original.
func logHeader(s *config.Shipping) *logs.Header {
	if s.Plain() && s.Tag == "" {
		return nil
	}
	return &logs.Header{Facility: s.Facility, Tag: s.Tag, RFC5424: s.IsRFC5424(), Remote: s.Server != "", PID: os.Getpid}
}
