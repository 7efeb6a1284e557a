//go:build !linux

// Package sigaction sets what the kernel does at a signal. It is used on Linux only.
package sigaction
