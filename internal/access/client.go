package access

import "context"

// Client is the other end of the connection of a request.
type Client interface {
	// From says where it is: its address, or the process that has connected to a Unix socket.
	From() string
}

// clientKey is that of the client in a context.
type clientKey struct{}

// IsClientKey reports whether k is the key of the client in a context, for a context of its own kind.
func IsClientKey(k any) bool { return k == clientKey{} }

// ClientOf returns the client of a request, nil if it is not known.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// behalfKey is that of the name in a context on whose behalf a client asks.
type behalfKey struct{}

// WithBehalf returns a context of a request that a client makes for another one, which it names.
func WithBehalf(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, behalfKey{}, name)
}

// OnBehalf returns the name on whose behalf the client of a request asks, empty if it is its own.
func OnBehalf(ctx context.Context) string {
	name, _ := ctx.Value(behalfKey{}).(string)
	return name
}
