package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/kolo/xmlrpc"
	"github.com/rogpeppe/go-internal/testscript"
)

// target is the address of a server and the credentials for it.
type target struct {
	network, addr  string
	user, password string
}

// client returns an HTTP client for one call, without keep-alive.
func (t target) client() *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, t.network, t.addr)
	}
	return &http.Client{
		Timeout:       4 * timeout(),
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (t target) do(req *http.Request) (*http.Response, []byte, error) {
	if t.user != "" {
		req.SetBasicAuth(t.user, t.password)
	}
	resp, err := t.client().Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

type httpStatus int

func (s httpStatus) Error() string { return fmt.Sprint("http ", int(s)) }

// call makes one XML-RPC call. A fault is an xmlrpc.FaultError, an answer other than 200 an httpStatus.
func (t target) call(method string, args ...any) (any, error) {
	if !strings.Contains(method, ".") {
		method = "supervisor." + method
	}
	req, err := xmlrpc.NewRequest("http://127.0.0.1/RPC2", method, args)
	if err != nil {
		return nil, err
	}
	resp, body, err := t.do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, httpStatus(resp.StatusCode)
	}
	answer := xmlrpc.Response(body)
	if err := answer.Err(); err != nil {
		return nil, err
	}
	var result any
	if err := answer.Unmarshal(&result); err != nil {
		return nil, fmt.Errorf("cannot read the answer %q: %w", body, err)
	}
	return filled(result), nil
}

// filled replaces nil by the empty string: the client library decodes an empty string as nil, and no method returns nil.
func filled(v any) any {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = filled(v[k])
		}
	}
	return v
}

// target takes -tcp and -u from the front of args; without -tcp it is the script's Unix socket.
func (s *session) target(ts *testscript.TestScript, args []string) (target, []string) {
	t := target{network: "unix", addr: s.work + "/s.sock"}
	for len(args) > 1 {
		switch args[0] {
		case "-tcp":
			t.network, t.addr = "tcp", args[1]
		case "-unix":
			t.addr = ts.MkAbs(args[1])
		case "-u":
			t.user, t.password, _ = strings.Cut(args[1], ":")
		default:
			return t, args
		}
		args = args[2:]
	}
	return t, args
}

var integer = regexp.MustCompile(`^-?\d+$`)

func (s *session) value(ts *testscript.TestScript, text string) any {
	text = s.expand(text)
	if rest, ok := strings.CutPrefix(text, "s:"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(text, "json:"); ok {
		dec := json.NewDecoder(strings.NewReader(rest))
		dec.UseNumber()
		var v any
		ts.Check(dec.Decode(&v))
		return whole(v)
	}
	switch {
	case integer.MatchString(text):
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n
	case text == "true" || text == "false":
		return text == "true"
	}
	return text
}

// whole turns the numbers of a JSON value into int where they are whole.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	}
	return v
}

// rpc makes a call. It returns the text that the command prints, and false if that is a fault or an HTTP error.
func (s *session) rpc(ts *testscript.TestScript, args []string) (string, bool) {
	t, args := s.target(ts, args)
	if len(args) == 0 {
		ts.Fatalf("usage: rpc [-tcp ADDR] [-u USER:PASSWORD] METHOD ARG...")
	}
	var values []any
	for _, a := range args[1:] {
		values = append(values, s.value(ts, a))
	}
	result, err := t.call(args[0], values...)
	var fault xmlrpc.FaultError
	switch {
	case errors.As(err, &fault):
		return fmt.Sprintf("fault %d %s\n", fault.Code, fault.String), false
	case err != nil:
		return err.Error() + "\n", false
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	ts.Check(enc.Encode(result))
	return text.String(), true
}

func cmdRPC(ts *testscript.TestScript, neg bool, args []string) {
	text, ok := of(ts).rpc(ts, args)
	fmt.Fprint(ts.Stdout(), text)
	if ok == neg {
		ts.Fatalf("unexpected result: %s", text)
	}
}

func cmdWaitrpc(ts *testscript.TestScript, neg bool, args []string) {
	re := of(ts).regexp(ts, args[0])
	var text string
	if of(ts).poll(func() bool { text, _ = of(ts).rpc(ts, args[1:]); return re.MatchString(text) }) == neg {
		ts.Fatalf("the result is still %s", text)
	}
	fmt.Fprint(ts.Stdout(), text)
}

// http makes a request and returns the text that the command prints. The error is about the connection.
func (s *session) http(ts *testscript.TestScript, args []string) (string, error) {
	t, args := s.target(ts, args)
	var body io.Reader
	header := http.Header{}
	for len(args) > 2 {
		switch args[0] {
		case "-H":
			k, v, _ := strings.Cut(args[1], ": ")
			header.Add(k, v)
		case "-d":
			body = strings.NewReader(args[1])
		}
		args = args[2:]
	}
	if len(args) != 2 {
		ts.Fatalf("usage: http [-tcp ADDR] [-u USER:PASSWORD] [-H 'K: V']... [-d BODY] METHOD PATH")
	}
	req, err := http.NewRequest(args[0], "http://127.0.0.1"+args[1], body)
	ts.Check(err)
	req.Header = header
	if host := header.Get("Host"); host != "" { // net/http does not send it from the header
		req.Host = host
	}
	resp, data, err := t.do(req)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "HTTP %d\n", resp.StatusCode)
	var names []string
	for k := range resp.Header {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		for _, v := range resp.Header[k] {
			fmt.Fprintf(&text, "%s: %s\n", k, v)
		}
	}
	fmt.Fprintf(&text, "\n%s", data)
	return text.String(), nil
}

func cmdHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! http")
	}
	text, err := of(ts).http(ts, args)
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), text)
}

func cmdWaithttp(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: waithttp REGEXP ARG...")
	}
	re := of(ts).regexp(ts, args[0])
	var text string
	var err error
	if of(ts).poll(func() bool { text, err = of(ts).http(ts, args[1:]); return err == nil && re.MatchString(text) }) == neg {
		ts.Fatalf("the answer is still %s (%v)", text, err)
	}
	fmt.Fprint(ts.Stdout(), text)
}

func cmdRaw(ts *testscript.TestScript, neg bool, args []string) {
	t, args := of(ts).target(ts, args)
	if neg || len(args) != 1 {
		ts.Fatalf("usage: raw [-tcp ADDR] FILE")
	}
	conn, err := net.DialTimeout(t.network, t.addr, timeout())
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(timeout())))
	_, err = io.WriteString(conn, strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n"))
	ts.Check(err)
	data, err := io.ReadAll(conn)
	_, werr := ts.Stdout().Write(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	ts.Check(werr)
	if err != nil {
		ts.Fatalf("the connection did not close: %v", err)
	}
}
