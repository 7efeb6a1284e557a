// Package daemon changes the supervisord process itself: its limits, user, session, signals, inherited descriptors and pid
// file, and what a service manager knows of it. It starts no child but the copy of itself that runs in the background. Main
// calls it, from one goroutine, while no loop runs; the methods of Releaser and Notifier may be called by any goroutine.
package daemon
