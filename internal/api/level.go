package api

// Level is the weight of a line in the main log; higher is graver. Source: loglevel.
type Level int

const (
	Blather  Level = 3
	Trace    Level = 5
	Debug    Level = 10
	Info     Level = 20
	Warn     Level = 30
	Error    Level = 40
	Critical Level = 50
)
