package httpd

import (
	"bytes"
	"strconv"
)

// request is what a plain call consists of.
type request struct {
	line          []byte // the request line, without its end
	authorization string
	body          []byte
}

// verdict is what the first bytes of a connection are.
type verdict int

const (
	unfinished verdict = iota // more must come
	plain                     // a whole call as nearly all clients send it
	other                     // anything else
)

// longestPlain is the longest request that may be plain, in bytes.
const longestPlain = 16 << 10

// parse looks for a call at the beginning of data: a POST to /RPC2 by HTTP/1.1 with a length and with none of the header
// fields that change what a request means. The bytes of the call are the first used ones. It is strict, because whatever
// it does not take gets a reading by the book from net/http.
func parse(data []byte) (r request, used int, v verdict) {
	line, rest, found := bytes.Cut(data, crlf)
	if !found {
		if begins(data, "POST /RPC2 HTTP/1.1\r") || begins(data, "POST /RPC2/ HTTP/1.1\r") {
			return request{}, 0, unfinished
		}
		return request{}, 0, other
	}
	if string(line) != "POST /RPC2 HTTP/1.1" && string(line) != "POST /RPC2/ HTTP/1.1" {
		return request{}, 0, other
	}
	r.line = line
	hosts, lengths, length := 0, 0, 0
	for {
		if line, rest, found = bytes.Cut(rest, crlf); !found {
			return request{}, 0, unfinished
		}
		if len(line) == 0 {
			break
		}
		name, value, found := bytes.Cut(line, colon)
		value = bytes.Trim(value, " \t")
		if !found || !printable(value) {
			return request{}, 0, other
		}
		switch string(lower(name)) {
		case "host":
			hosts++
			if bytes.ContainsAny(value, " \"<>\\^`{|}@/?#%,") {
				return request{}, 0, other
			}
		case "content-length":
			lengths++
			n, err := strconv.ParseUint(string(value), 10, 31)
			if err != nil || n == 0 || n > longestPlain || value[0] == '+' {
				return request{}, 0, other
			}
			length = int(n)
		case "authorization":
			if r.authorization != "" {
				return request{}, 0, other
			}
			r.authorization = string(value)
		case "connection":
			if !bytes.EqualFold(value, keepAlive) {
				return request{}, 0, other
			}
		case "accept", "accept-encoding", "content-type", "user-agent":
		default:
			return request{}, 0, other
		}
	}
	if hosts != 1 || lengths != 1 {
		return request{}, 0, other
	}
	if len(rest) < length {
		return request{}, 0, unfinished
	}
	r.body = rest[:length]
	return r, len(data) - len(rest) + length, plain
}

var (
	crlf      = []byte("\r\n")
	colon     = []byte(":")
	keepAlive = []byte("keep-alive")
)

// begins tells whether data is how whole begins.
func begins(data []byte, whole string) bool {
	return len(data) <= len(whole) && string(data) == whole[:len(data)]
}

// printable tells whether a value has nothing but visible ASCII characters, blanks and tabs.
func printable(value []byte) bool {
	for _, c := range value {
		if c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// lower is a name in small letters; one too long for those that matter is empty.
func lower(name []byte) []byte {
	var room [20]byte
	if len(name) > len(room) {
		return nil
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		room[i] = c
	}
	return room[:len(name)]
}
