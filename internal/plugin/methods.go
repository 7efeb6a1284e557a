package plugin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// How long a list of methods is used. That of a plug-in with processes is used until it has another process; a server with a
// URL may change at any time.
const (
	urlListAge   = 30 * time.Second
	recheckAfter = time.Second     // of a list that lacks a method, and of a failure
	listTimeout  = 5 * time.Second // for callers that can do without the list
)

// maxMethods bounds the list.
const maxMethods = 1000

// maxCached is the size of the largest answer about a method that is kept, in bytes. Longer ones are asked for each time.
const maxCached = 16 << 10

// size returns about how many bytes a text, or an array of texts, takes.
func size(v xmlrpc.Value) int {
	n := 16 + len(v.Text)
	for _, item := range v.Items {
		n += size(item)
	}
	return n
}

// list is the answer of a plug-in to system.listMethods. What is asked about one method is kept in it.
type list struct {
	run        *run
	names      []string // sorted, with the namespace
	err        error    // why it could not be fetched; names are then the previous ones
	fetched    time.Time
	outdated   bool // the plug-in has had another process since
	help       map[string]string
	signatures map[string][]string // the type of the result, then those of the parameters
}

func (l *list) has(method string) bool {
	_, found := slices.BinarySearch(l.names, method)
	return found
}

// fresh reports whether the list can be used where it may be as old as maxAge, 0 for any age.
func (l *list) fresh(maxAge time.Duration) bool {
	if l.err != nil {
		maxAge = recheckAfter
	}
	return !l.outdated && (maxAge == 0 || time.Since(l.fetched) < maxAge)
}

// checkListed returns nil if the plug-in lists the method.
func (p *Plugin) checkListed(ctx context.Context, r *run, method string) error {
	l, err := p.methods(ctx, r, p.maxAge())
	if err == nil && !l.has(method) && p.Socket == nil {
		l, err = p.methods(ctx, r, recheckAfter)
	}
	switch {
	case err != nil:
		return err
	case !l.has(method):
		return ErrUnknown
	}
	return nil
}

// maxAge is how old a list may be, 0 for any age.
func (p *Plugin) maxAge() time.Duration {
	if p.Socket == nil {
		return urlListAge
	}
	return 0
}

// methods returns the list, and fetches it if there is no fresh one. Concurrent callers share one request.
func (p *Plugin) methods(ctx context.Context, r *run, maxAge time.Duration) (*list, error) {
	for {
		if ctx.Err() != nil {
			return nil, p.contextError(ctx)
		}
		p.mu.Lock()
		l := p.list
		if l != nil && l.run == r && l.fresh(maxAge) {
			p.mu.Unlock()
			return l, l.err
		}
		fetching := p.fetching
		if fetching == nil {
			fetching = make(chan struct{})
			p.fetching = fetching
			if l != nil {
				l.outdated = false // set again if the process changes while the list is being fetched
			}
			go p.fetch(r, fetching)
		}
		p.mu.Unlock()
		select {
		case <-fetching:
		case <-ctx.Done():
		}
	}
}

// fetch replaces the list and closes done.
func (p *Plugin) fetch(r *run, done chan struct{}) {
	ctx, cancel := callContext(context.Background(), r, p.timeout)
	defer cancel()
	names, err := p.listMethods(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &list{run: r, names: names, err: err, fetched: time.Now(),
		help: map[string]string{}, signatures: map[string][]string{}}
	if p.list != nil {
		next.outdated = p.list.outdated
		if err != nil {
			next.names = p.list.names
		}
	}
	p.list = next
	p.fetching = nil
	close(done)
}

// listMethods returns the names of the plug-in's methods, sorted, without those that cannot be called.
func (p *Plugin) listMethods(ctx context.Context) ([]string, error) {
	v, err := p.post(ctx, "system.listMethods", nil)
	switch {
	case api.FaultOf(err) != nil:
		return nil, p.errorf("does not list its methods: %v", err)
	case err != nil:
		return nil, err
	case v.Kind != xmlrpc.Array:
		return nil, p.errorf("does not list its methods: the answer is not an array")
	}
	var names []string
	for _, item := range v.Items {
		if item.Kind == xmlrpc.String && p.callable(item.Text) {
			names = append(names, item.Text)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxMethods {
		return nil, p.errorf("lists more than %d methods", maxMethods)
	}
	return names, nil
}

// callable reports whether clients may call the method: NAMESPACE.METHOD, where METHOD has no dot and does not begin with
// an underscore.
func (p *Plugin) callable(method string) bool {
	rest, ok := strings.CutPrefix(method, p.Name+".")
	return ok && rest != "" && len(rest) < 256 && !strings.HasPrefix(rest, "_") && !strings.Contains(rest, ".")
}

// Methods returns the sorted names of the plug-in's methods, with the namespace. They are the last known ones if it is down
// or does not answer.
func (p *Plugin) Methods(ctx context.Context) []string {
	if r, err := p.current(); err == nil {
		ctx, cancel := callContext(ctx, r, listTimeout)
		defer cancel()
		if l, _ := p.methods(ctx, r, p.maxAge()); l != nil {
			return l.names
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		return nil
	}
	return p.list.names
}

// Help returns the plug-in's help for one of its methods. Errors are those of Call. Source: system.methodHelp.
func (p *Plugin) Help(ctx context.Context, method string) (string, error) {
	return cached(ctx, p, method, "system.methodHelp", func(l *list) map[string]string { return l.help },
		func(v xmlrpc.Value) (string, error) {
			if v.Kind != xmlrpc.String {
				return "", p.errorf("did not answer system.methodHelp with a string")
			}
			return v.Text, nil
		})
}

// ErrNoSignature says that the plug-in has no signature for a method.
var ErrNoSignature = errors.New("the plug-in has no signature for this method")

// Signature returns the type of a method's result, then those of its parameters, the first signature if there are several.
// Errors are those of Call and ErrNoSignature. Source: system.methodSignature.
func (p *Plugin) Signature(ctx context.Context, method string) ([]string, error) {
	return cached(ctx, p, method, "system.methodSignature", func(l *list) map[string][]string { return l.signatures },
		func(v xmlrpc.Value) ([]string, error) {
			if v.Kind == xmlrpc.Array && len(v.Items) > 0 && v.Items[0].Kind == xmlrpc.Array {
				v = v.Items[0]
			}
			var types []string
			for _, item := range v.Items {
				if item.Kind != xmlrpc.String {
					return nil, ErrNoSignature
				}
				types = append(types, item.Text)
			}
			if len(types) == 0 {
				return nil, ErrNoSignature
			}
			return types, nil
		})
}

// cached returns the plug-in's answer to an introspection method about one of its methods. It is kept in cache as long as
// the list.
func cached[T any](ctx context.Context, p *Plugin, method, introspection string, cache func(*list) map[string]T,
	parse func(xmlrpc.Value) (T, error)) (answer T, err error) {
	r, err := p.current()
	if err != nil {
		return answer, err
	}
	ctx, cancel := callContext(ctx, r, p.timeout)
	defer cancel()
	if err := p.checkListed(ctx, r, method); err != nil {
		return answer, err
	}
	p.mu.Lock()
	l := p.list
	answer, known := cache(l)[method]
	p.mu.Unlock()
	if known {
		return answer, nil
	}
	v, err := p.call(ctx, introspection, []xmlrpc.Value{{Kind: xmlrpc.String, Text: method}})
	if err == nil {
		answer, err = parse(v)
	}
	if err == nil && size(v) <= maxCached {
		p.mu.Lock()
		cache(l)[method] = answer
		p.mu.Unlock()
	}
	return answer, err
}
