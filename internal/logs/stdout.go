package logs

import "io"

// Stdout is the standard output of the process. Unlike os.Stdout, a closed pipe behind it does not end the process.
var Stdout io.Writer = descriptor(1)
