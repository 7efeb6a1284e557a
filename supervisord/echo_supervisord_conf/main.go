// Echo_supervisord_conf prints a commented sample configuration. It takes no arguments and ignores those it gets.
package main

import (
	"fmt"
	"os"

	"github.com/gosupervisor/supervisor/internal/config"
)

func main() {
	if _, err := os.Stdout.WriteString(config.Sample(os.Geteuid() == 0)); err != nil {
		fmt.Fprintf(os.Stderr, "Error: cannot write the output: %v\n", err)
		os.Exit(1)
	}
}
