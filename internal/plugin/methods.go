package plugin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// How long what a plug-in told counts. A child is asked again when it has another process; of a server elsewhere nobody
// says when it changes.
const (
	listWait = 5 * time.Second  // for the list to come, where one can do without
	freshURL = 30 * time.Second // a list
	recheck  = time.Second      // a list that lacks a method, and the failure to get one
)

// maxMethods bounds the list.
const maxMethods = 1000

// list is the methods that a plug-in listed.
type list struct {
	life  *run
	names []string // sorted, with the name space
	err   error    // why it could not be asked; names are then those of the last time
	at    time.Time
	old   bool // the plug-in has another process since
	help  map[string]string
	types map[string][]string // of parameters and result
}

func (l *list) has(method string) bool {
	_, found := slices.BinarySearch(l.names, method)
	return found
}

// fresh is true if the list need not be asked for again by somebody to whom it may be no older than age.
func (l *list) fresh(age time.Duration) bool {
	if l.err != nil {
		age = recheck
	}
	return !l.old && (age == 0 || time.Since(l.at) < age)
}

// lists returns nil if the plug-in lists the method.
func (p *Plugin) lists(ctx context.Context, l *run, method string) error {
	told, err := p.listed(ctx, l, p.age())
	if err == nil && !told.has(method) && p.Socket == nil {
		told, err = p.listed(ctx, l, recheck)
	}
	switch {
	case err != nil:
		return err
	case !told.has(method):
		return ErrUnknown
	}
	return nil
}

// age is how old a list may be, 0 for any age.
func (p *Plugin) age() time.Duration {
	if p.Socket == nil {
		return freshURL
	}
	return 0
}

// listed is the list, asked for if there is none or an old one. However many want it, the plug-in is asked once.
func (p *Plugin) listed(ctx context.Context, l *run, age time.Duration) (*list, error) {
	for {
		if ctx.Err() != nil {
			return nil, p.contextError(ctx)
		}
		p.mu.Lock()
		told := p.list
		if told != nil && told.life == l && told.fresh(age) {
			p.mu.Unlock()
			return told, told.err
		}
		asking := p.asking
		if asking == nil {
			asking = make(chan struct{})
			p.asking = asking
			if told != nil {
				told.old = false // it may become old again while the new one is asked for
			}
			go p.ask(l, asking)
		}
		p.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
		}
	}
}

// ask asks for the list and closes done.
func (p *Plugin) ask(l *run, done chan struct{}) {
	ctx, cancel := callContext(context.Background(), l, p.wait)
	defer cancel()
	names, err := p.fetch(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &list{life: l, names: names, err: err, at: time.Now(),
		help: map[string]string{}, types: map[string][]string{}}
	if p.list != nil {
		next.old = p.list.old
		if err != nil {
			next.names = p.list.names
		}
	}
	p.list = next
	p.asking = nil
	close(done)
}

// fetch asks for the names. What is not in the plug-in's name space, and what nobody could call, is left out.
func (p *Plugin) fetch(ctx context.Context) ([]string, error) {
	v, err := p.post(ctx, "system.listMethods", nil)
	switch {
	case Fault(err) != nil:
		return nil, p.errorf("does not list its methods: %v", err)
	case err != nil:
		return nil, err
	case v.Kind != xmlrpc.Array:
		return nil, p.errorf("does not list its methods: the answer is no array")
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

// callable is true for names of which clients may hear: NAMESPACE.METHOD, and no method that begins with an underscore.
func (p *Plugin) callable(method string) bool {
	rest, ok := strings.CutPrefix(method, p.Name+".")
	return ok && rest != "" && len(rest) < 256 && !strings.HasPrefix(rest, "_") && !strings.Contains(rest, ".")
}

// Methods are the names of the plug-in's methods, sorted: those that it told last if it is down or does not answer.
func (p *Plugin) Methods(ctx context.Context) []string {
	if l, err := p.current(); err == nil {
		ctx, cancel := callContext(ctx, l, listWait)
		defer cancel()
		if told, _ := p.listed(ctx, l, p.age()); told != nil {
			return told.names
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		return nil
	}
	return p.list.names
}

// Help is what the plug-in says about one of its methods.
func (p *Plugin) Help(ctx context.Context, method string) (string, error) {
	return cached(ctx, p, method, "system.methodHelp", func(l *list) map[string]string { return l.help },
		func(v xmlrpc.Value) (string, error) {
			if v.Kind != xmlrpc.String {
				return "", p.errorf("gave a help that is no text")
			}
			return v.Text, nil
		})
}

// ErrNoSignature says that the plug-in does not tell the types of a method.
var ErrNoSignature = errors.New("the plug-in tells no types")

// Signature is the type of a method's result, then those of its parameters. Of several the plug-in's first counts.
func (p *Plugin) Signature(ctx context.Context, method string) ([]string, error) {
	return cached(ctx, p, method, "system.methodSignature", func(l *list) map[string][]string { return l.types },
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

// cached asks the plug-in about a method that it lists, once for each list.
func cached[T any](ctx context.Context, p *Plugin, method, ask string, in func(*list) map[string]T,
	read func(xmlrpc.Value) (T, error)) (answer T, err error) {
	l, err := p.current()
	if err != nil {
		return answer, err
	}
	ctx, cancel := callContext(ctx, l, p.wait)
	defer cancel()
	if err := p.lists(ctx, l, method); err != nil {
		return answer, err
	}
	p.mu.Lock()
	told := p.list
	answer, known := in(told)[method]
	p.mu.Unlock()
	if known {
		return answer, nil
	}
	v, err := p.call(ctx, ask, []xmlrpc.Value{{Kind: xmlrpc.String, Text: method}})
	if err == nil {
		answer, err = read(v)
	}
	if err == nil {
		p.mu.Lock()
		in(told)[method] = answer
		p.mu.Unlock()
	}
	return answer, err
}
