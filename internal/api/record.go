package api

// LogRecords are records of a log that were found, and where the search goes on.
type LogRecords struct {
	Records  []LogRecord
	Next     string   // the place behind what was read
	More     bool     // there is more to be read now
	Read     int      // bytes that were read from files
	Problems []string // files that cannot be read
}

// LogRecord is a record of a log: a line, or several that belong together.
type LogRecord struct {
	Time string // RFC 3339 in UTC with microseconds, so that texts order as times do
	Text string // as in the file, without the last line end
}

// RecordTime is the layout of the time of a LogRecord.
const RecordTime = "2006-01-02T15:04:05.000000Z07:00"
