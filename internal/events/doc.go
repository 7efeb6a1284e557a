// Package events is what listeners are told: event types and the tree they form, events with the text they had when they
// happened, the protocol that listeners speak, and the queue of each pool. It starts no goroutine, reads no pipe and looks
// at no clock. All of it belongs to the loop of supervisord, but for what a comment says that any goroutine may call.
package events
