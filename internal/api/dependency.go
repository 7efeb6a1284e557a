package api

// Dependency is what a process depends on, as getDependencies returns it.
type Dependency struct {
	Name      string // as configured
	Condition string // the word of depends_on
	Optional  bool   // also met when it cannot come any more
	Met       bool
	Text      string // the states of its processes, such as "STARTING", or why there are none
}
