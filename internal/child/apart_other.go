//go:build !linux

package child

// Apart returns what starts children: here there is no better way than Start.
func Apart() func(Spec) (pid int, err error) { return Start }
