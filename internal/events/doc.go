// Package events is what listeners are told: event types and the tree they form, the text of an event as it was when it
// happened, the protocol that listeners speak, and the queue of each pool. It starts no goroutine and reads no pipe.
// Events may come from any goroutine; who is in a pool and may be sent events is said by the loop of supervisord alone.
package events
