package fast

import (
	"bytes"
	"strconv"
)

// request is a simple request.
type request struct {
	line          []byte // without its line end; nil unless the header is complete and simple
	host          []byte // the value of the field; nil: none
	authorization string // the value of the field
	authorized    bool   // there is one
	body          []byte
}

// kind is what the bytes that a connection has received are.
type kind int

const (
	incomplete kind = iota // may become a simple request
	simple
	notSimple // another request, or none
)

// MaxRequest is the length of the longest request that can be simple, in bytes.
const MaxRequest = 16 << 10

// parse parses a simple request at the beginning of data, which takes up its first used bytes: a POST to /RPC2 by HTTP/1.1
// with a length and without header fields that change its meaning. It is strict and knows no errors, because net/http
// parses whatever is not simple, and reports them.
func parse(data []byte) (r request, used int, k kind) {
	line, rest, found := bytes.Cut(data, crlf)
	if !found {
		if isPrefix(data, "POST /RPC2 HTTP/1.1\r") || isPrefix(data, "POST /RPC2/ HTTP/1.1\r") {
			return request{}, 0, incomplete
		}
		return request{}, 0, notSimple
	}
	if string(line) != "POST /RPC2 HTTP/1.1" && string(line) != "POST /RPC2/ HTTP/1.1" {
		return request{}, 0, notSimple
	}
	r.line = line
	hosts, lengths, length, authorizations := 0, 0, 0, 0
	for {
		if line, rest, found = bytes.Cut(rest, crlf); !found {
			return request{}, 0, incomplete
		}
		if len(line) == 0 {
			break
		}
		name, value, found := bytes.Cut(line, colon)
		value = bytes.Trim(value, " \t")
		if !found || !printable(value) {
			return request{}, 0, notSimple
		}
		switch string(lower(name)) {
		case "host":
			hosts++
			r.host = value
			if bytes.ContainsAny(value, " \"<>\\^`{|}@/?#%,") {
				return request{}, 0, notSimple
			}
		case "content-length":
			lengths++
			n, err := strconv.ParseUint(string(value), 10, 31)
			if err != nil || n == 0 || n > MaxRequest || value[0] == '+' {
				return request{}, 0, notSimple
			}
			length = int(n)
		case "authorization":
			if authorizations++; authorizations > 1 {
				return request{}, 0, notSimple
			}
			r.authorization, r.authorized = string(value), true
		case "connection":
			if !bytes.EqualFold(value, keepAlive) {
				return request{}, 0, notSimple
			}
		case "user-agent":
			if bytes.HasPrefix(value, browser) { // what browsers may do depends on more
				return request{}, 0, notSimple
			}
		case "accept", "accept-encoding", "content-type":
		default:
			return request{}, 0, notSimple
		}
	}
	if hosts > 1 || lengths != 1 {
		return request{}, 0, notSimple
	}
	if len(rest) < length {
		return r, 0, incomplete
	}
	r.body = rest[:length]
	return r, len(data) - len(rest) + length, simple
}

var (
	crlf      = []byte("\r\n")
	colon     = []byte(":")
	keepAlive = []byte("keep-alive")
	browser   = []byte("Mozilla/")
)

// isPrefix reports whether data is a prefix of whole.
func isPrefix(data []byte, whole string) bool {
	return len(data) <= len(whole) && string(data) == whole[:len(data)]
}

// printable reports whether a value consists of visible ASCII characters, blanks and tabs.
func printable(value []byte) bool {
	for _, c := range value {
		if c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// lower returns the name of a header field in lower case, or nil if it is longer than any that parse knows.
func lower(name []byte) []byte {
	var lowered [20]byte
	if len(name) > len(lowered) {
		return nil
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lowered[i] = c
	}
	return lowered[:len(name)]
}
