package api

// ConfigSection is a section of the configuration that counts: after includes, defaults and expansions.
type ConfigSection struct {
	Name string
	From string // file:line of its header, or a note
	Keys []ConfigKey
}

// ConfigKey is a key of it. Text is the value as a file has it; after each line feed it goes on in a line of its own. From is file:line,
// or where else the value comes from; empty: it is set by default, and a file would not have it.
type ConfigKey struct{ Name, Text, From string }
