package check

// Health is what the checks of a process say about it.
type Health uint8

// The values. The zero value is that before the first verdict.
const (
	Unknown Health = iota
	Healthy
	Unhealthy
)

// String returns the word that clients see.
func (h Health) String() string {
	return [...]string{Unknown: "unknown", Healthy: "healthy", Unhealthy: "unhealthy"}[h]
}

// With returns the health of a process with two checks: unhealthy if one of them is, unknown if both are.
func (h Health) With(other Health) Health { return max(h, other) }

// Count turns results into a verdict. The zero value has seen none.
type Count struct {
	Health Health
	run    int32 // results in a row that are like the last one, up to the number that is needed
	last   bool
}

// Add returns the count after one more result. Changed is true if it changes the verdict: after so many successes, or failures, in a
// row.
func (c Count) Add(ok bool, successes, failures int) (next Count, changed bool) {
	if c.run == 0 || c.last != ok {
		c.run, c.last = 0, ok
	}
	c.run++
	verdict, needed := Unhealthy, failures
	if ok {
		verdict, needed = Healthy, successes
	}
	if int(c.run) < needed {
		return c, false
	}
	c.run = int32(needed) // so that it cannot overflow
	changed = c.Health != verdict
	c.Health = verdict
	return c, changed
}
