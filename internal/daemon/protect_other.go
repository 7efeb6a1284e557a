//go:build !linux

package daemon

// noCore is the limit of core files that prevents them.
const noCore = 0

func setDumpable(bool) {}

func mayTraceAll() bool { return false }
