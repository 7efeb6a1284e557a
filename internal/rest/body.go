package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// checkBody returns the problem with the type of a body, 0 if there is none. A body where none is wanted is a problem if it is not empty.
func (q *request) checkBody() (status int, problem string) {
	if q.r.ContentLength == 0 || q.r.Body == nil {
		return 0, ""
	}
	wanted := "application/json"
	switch {
	case q.route.binary:
		wanted = "application/octet-stream"
	case q.route.body == nil:
		if one := make([]byte, 1); readsNothing(q.r.Body, one) {
			return 0, ""
		}
		return http.StatusBadRequest, "there is a body, and none is expected"
	}
	kind, _, err := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	if err != nil || kind != wanted {
		return http.StatusUnsupportedMediaType, "the Content-Type is not " + wanted
	}
	return 0, ""
}

func readsNothing(r io.Reader, one []byte) bool {
	n, err := r.Read(one)
	return n == 0 && err == io.EOF
}

// decode reads a JSON body into a struct. It answers the request and returns false if there is a problem. Without a body the struct stays as
// it is.
func (q *request) decode(into any) bool {
	text, err := io.ReadAll(q.r.Body)
	if err == nil && len(text) > 0 {
		err = decode(text, into)
	}
	if err != nil {
		q.problem(http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// maxDepth is the deepest nesting of a body.
const maxDepth = 16

// decode is json.Unmarshal, which refuses unknown and repeated members, deep nesting, and what follows the value.
func decode(text []byte, into any) error {
	if err := checkMembers(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("the member %s is not of the type that is expected", shown(strings.ToLower(wrong.Field)))
	}
	return err
}

// checkMembers refuses a text in which an object has a member twice, or that is nested too deeply.
func checkMembers(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	type level struct {
		names []string // of the members so far; nil: it is a list
		named bool     // the next text is a value
		list  bool
	}
	var levels []level
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF && len(levels) == 0:
			return nil
		case err != nil:
			return fmt.Errorf("the body is not JSON: %w", err)
		}
		var in *level
		if len(levels) > 0 {
			in = &levels[len(levels)-1]
		}
		if name, ok := token.(string); ok && in != nil && !in.list && !in.named {
			if slices.Contains(in.names, name) {
				return errors.New("the member " + shown(name) + " is there twice")
			}
			in.names, in.named = append(in.names, name), true
			continue
		}
		if in != nil {
			in.named = false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(levels) == maxDepth {
				return errors.New("the body is nested too deeply")
			}
			levels = append(levels, level{list: token == json.Delim('[')})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
		if len(levels) == 0 && d.More() {
			return errors.New("something follows the JSON value")
		}
	}
}
