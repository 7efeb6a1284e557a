// Package hub is the middle of a fleet: a NATS server with JetStream inside this program, and the streams and buckets that agents and
// clients use. It carries and stores; it never decides about a host, and what it has is a copy of what the hosts know. Start returns
// when agents can connect; any goroutine may call the methods of a Hub.
package hub

import (
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"path/filepath"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
	"github.com/gosupervisor/supervisor/internal/fleet/workdir"
)

// Hub is a hub that runs.
type Hub struct {
	dir       *workdir.Dir
	authority *identity.Authority // nil: no one proves anything
	server    *server.Server
	conn      *nats.Conn // its own
	url       string
}

// startLimit is how long the server may take to read what it has stored.
const startLimit = 2 * time.Minute

// Start starts a hub whose configuration has been checked. Warnings of the server go to log.
func Start(c fleet.Hub, log *log.Logger) (_ *Hub, err error) {
	h := &Hub{}
	if h.dir, err = workdir.Open(c.Data); err != nil {
		return nil, fmt.Errorf("cannot use the directory of the hub: %w", err)
	}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	options, err := serverOptions(c)
	if err != nil {
		return nil, err
	}
	if err := h.identify(c, options); err != nil {
		return nil, err
	}
	if h.server, err = server.NewServer(options); err != nil {
		return nil, fmt.Errorf("cannot start the NATS server: %w", err)
	}
	messages := &messages{to: log}
	h.server.SetLogger(messages, false, false)
	h.server.Start()
	if !h.server.JetStreamEnabled() || !h.server.ReadyForConnections(startLimit) { // the start is over; what failed is only logged
		return nil, fmt.Errorf("cannot start the NATS server: %w", messages.why())
	}
	if err := h.connect(); err != nil {
		return nil, err
	}
	if err := h.prepare(c); err != nil {
		return nil, err
	}
	if err := h.admit(log); err != nil {
		return nil, err
	}
	if err := h.listen(messages); err != nil {
		return nil, err
	}
	scheme := "nats"
	if options.TLSConfig != nil {
		scheme = "tls"
	}
	h.url = scheme + "://" + h.server.Addr().String()
	return h, nil
}

// URL returns the address that agents and clients connect to.
func (h *Hub) URL() string { return h.url }

// Close stops the server and waits until what it has stored is on disk.
func (h *Hub) Close() {
	if h.conn != nil {
		h.conn.Close()
	}
	if h.server != nil {
		h.server.Shutdown()
		h.server.WaitForShutdown()
	}
	_ = h.dir.Close()
}

// serverOptions returns the settings of the server.
func serverOptions(c fleet.Hub) (*server.Options, error) {
	host, port := c.Address()
	options := &server.Options{
		ServerName: "supervisor-fleet-hub",
		Host:       host,
		Port:       port,
		DontListen: true, // until there are streams and buckets
		JetStream:  true,
		StoreDir:   filepath.Join(c.Data, "nats"),
		// Acknowledged means on disk: without it JetStream loses what it has acknowledged if the power fails.
		SyncAlways:         true,
		JetStreamMaxMemory: maxMemory,
		JetStreamMaxStore:  c.EventsMaxBytes + maxHosts,
		MaxPayload:         maxPayload,
		NoSigs:             true,
		// An agent that is cut off must not hold its connection for long.
		PingInterval: 30 * time.Second,
		MaxPingsOut:  2,
	}
	if c.TLSCert == "" {
		return options, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("section [hub] tls_cert and tls_key: %w", err)
	}
	options.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	options.TLSTimeout = 10
	return options, nil
}

// Limits of what agents can make the hub hold.
const (
	maxPayload = 64 << 10
	maxMemory  = 256 << 20
	maxStates  = 192 << 20
	maxAlive   = 16 << 20
	maxHosts   = 64 << 20
)

// identify has the server believe only those whom the hub's keys vouch for. Without keys the hub is for this machine only.
func (h *Hub) identify(c fleet.Hub, options *server.Options) (err error) {
	h.authority, err = identity.Load(h.dir.Root)
	if identity.None(err) {
		if !c.IsLocal() {
			return fmt.Errorf("section [hub] listen=%s is not a loopback address, and there are no keys by which hosts prove who they are: "+
				"supervisor-fleet-hub init makes them", c.Listen)
		}
		return nil
	}
	if err != nil {
		return err
	}
	resolver := &server.MemAccResolver{}
	for key, document := range h.authority.Accounts {
		if err := resolver.Store(key, document); err != nil {
			return err
		}
	}
	options.TrustedOperators, options.AccountResolver = []*jwt.OperatorClaims{h.authority.Operator}, resolver
	options.SystemAccount = h.authority.Operator.SystemAccount
	return nil
}

// connect connects the hub to its server.
func (h *Hub) connect() (err error) {
	options := []nats.Option{nats.InProcessServer(h.server), nats.MaxReconnects(-1)}
	if h.authority != nil {
		document, seed, err := h.authority.Hub()
		if err != nil {
			return err
		}
		options = append(options, nats.UserJWTAndSeed(document, seed))
	}
	if h.conn, err = nats.Connect("", options...); err != nil {
		return fmt.Errorf("cannot connect to the NATS server inside: %w", err)
	}
	return nil
}

// admit begins to admit hosts.
func (h *Hub) admit(log *log.Logger) error {
	if h.authority == nil {
		return nil
	}
	j := &joiner{authority: h.authority, root: h.dir.Root, log: log}
	_, err := h.conn.Subscribe(identity.JoinSubject, j.answer)
	return err
}

// prepare makes the streams and buckets, and changes those that there are to the configuration.
func (h *Hub) prepare(c fleet.Hub) error {
	js, err := jetstream.New(h.conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for _, bucket := range []jetstream.KeyValueConfig{
		{Bucket: fleet.StateBucket, Storage: jetstream.MemoryStorage, MaxBytes: maxStates},
		{Bucket: fleet.HostBucket, Storage: jetstream.FileStorage, MaxBytes: maxHosts},
		// The marker of a heartbeat that has expired says when.
		{Bucket: fleet.AliveBucket, Storage: jetstream.MemoryStorage, MaxBytes: maxAlive, TTL: c.LostAfter, LimitMarkerTTL: 30 * 24 * time.Hour},
	} {
		bucket.MaxValueSize = fleet.MaxValue
		if _, err := js.CreateOrUpdateKeyValue(ctx, bucket); err != nil {
			return fmt.Errorf("cannot make %s: %w", bucket.Bucket, err)
		}
	}
	_, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: fleet.EventStream, Subjects: []string{fleet.AllEvents}, Storage: jetstream.FileStorage,
		MaxAge: c.EventsMaxAge, MaxBytes: c.EventsMaxBytes, MaxMsgSize: fleet.MaxValue + 1<<10, AllowDirect: true, Duplicates: min(2*time.Minute, c.EventsMaxAge),
	})
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", fleet.EventStream, err)
	}
	return nil
}

// listen opens the port.
func (h *Hub) listen(messages *messages) error {
	ready := make(chan struct{})
	go h.server.AcceptLoop(ready)
	<-ready
	if h.server.Addr() == nil {
		return messages.why()
	}
	return nil
}
