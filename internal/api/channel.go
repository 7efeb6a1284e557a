package api

// Channel is one of the two output channels of a process.
type Channel uint8

const (
	Stdout Channel = iota
	Stderr
)

// Channels lists both.
var Channels = [...]Channel{Stdout, Stderr}

// String is the channel's name: "stdout" or "stderr".
func (c Channel) String() string {
	if c == Stderr {
		return "stderr"
	}
	return "stdout"
}

// ParseChannel finds the channel called s.
func ParseChannel(s string) (c Channel, ok bool) {
	for _, c := range Channels {
		if s == c.String() {
			return c, true
		}
	}
	return 0, false
}
