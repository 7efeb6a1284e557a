// Package events delivers events to event listeners: event types, the payload of each, the listener protocol, and the
// queue of each pool with its result handler. It starts no goroutine, reads no pipe, and never waits for a listener.
//
// Any goroutine may emit events and pass on what a listener wrote. Only the loop of supervisord adds and removes pools and
// says which listeners can be sent events.
package events
