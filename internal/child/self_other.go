//go:build unix && !linux

package child

// selfLink is empty where there is no link to the running file.
const selfLink = ""
