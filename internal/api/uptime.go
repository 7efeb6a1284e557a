package api

import "strconv"

// AppendUptime appends a number of seconds as "0:00:05", "1 day, 0:00:05" or "10 days, 1:01:01".
func AppendUptime(buf []byte, secs int64) []byte {
	secs = max(secs, 0)
	if days := secs / 86400; days > 0 {
		buf = strconv.AppendInt(buf, days, 10)
		buf = append(buf, " day"...)
		if days > 1 {
			buf = append(buf, 's')
		}
		buf = append(buf, ", "...)
	}
	buf = strconv.AppendInt(buf, secs%86400/3600, 10)
	for _, n := range [...]int64{secs % 3600 / 60, secs % 60} {
		buf = append(buf, ':', byte('0'+n/10), byte('0'+n%10))
	}
	return buf
}
