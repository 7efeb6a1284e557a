//go:build !linux

package cgroup

func (kernel) IsCgroup(string) bool  { return false }
func (kernel) Delegated(string) bool { return false }
