package api

// Upgrade is what became of a request to upgrade supervisord.
type Upgrade struct {
	From, To string // versions
	Note     string // what an operator should know; empty: nothing
}
