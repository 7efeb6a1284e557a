// Package cpus counts the processors that this process may use. It changes nothing; any goroutine may call it.
package cpus
