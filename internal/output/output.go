// Package output is what the output of a child passes through between its pipe and its targets: stages, each of which
// does one thing to a stream of bytes. It is pure: it opens nothing, starts no goroutine, asks no clock, and however a
// stream is cut into chunks, the result is the same. A chain of stages serves one child; only one goroutine at a time may
// use it.
package output

// Stage processes the output of a child and passes on what is left of it.
type Stage interface {
	// Write processes the next chunk, which is not empty. The chunk is the caller's: what is needed later is copied.
	Write(chunk []byte)
	// Flush passes on what was held back. It is called once, at the end of the stream.
	Flush()
}

// Stages are the stages that the output of a child passes through. The zero value discards it.
type Stages struct {
	Protocol Stage    // reads everything as it comes, beside the others
	Ready    *Match   // looks for a line, likewise
	Strip    bool     // removes terminal sequences
	Capture  *Capture // takes out what stands between tokens; Plain is set by Chain
	Events   *Events  // gets what the targets get
	Targets  []Stage  // where the output ends up
}

// Chain connects the stages in their order, the one in which they are listed, and returns the first. If a target is all
// there is, that is the target itself.
func (s Stages) Chain() Stage {
	ends := s.Targets
	if s.Events != nil {
		ends = append(ends, s.Events)
	}
	chain := tee(ends...)
	if s.Capture != nil {
		s.Capture.Plain = chain
		chain = s.Capture
	}
	if s.Strip {
		chain = &Strip{Next: chain}
	}
	if s.Protocol != nil {
		chain = tee(s.Protocol, chain)
	}
	if s.Ready != nil {
		chain = tee(s.Ready, chain)
	}
	return chain
}

// Tee is a stage that passes everything on to several, in this order.
type Tee []Stage

// tee is a Tee of the stages, or the stage itself if it is the only one.
func tee(stages ...Stage) Stage {
	if len(stages) == 1 {
		return stages[0]
	}
	return Tee(stages)
}

// Write implements Stage.
func (t Tee) Write(chunk []byte) {
	for _, s := range t {
		s.Write(chunk)
	}
}

// Flush implements Stage.
func (t Tee) Flush() {
	for _, s := range t {
		s.Flush()
	}
}
