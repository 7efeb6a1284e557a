// Echo_supervisord_conf prints a commented sample configuration. It takes no arguments and ignores those it gets.
package main

import (
	"os"

	"github.com/gosupervisor/supervisor/internal/config"
)

func main() {
	if _, err := os.Stdout.WriteString(config.Sample(os.Geteuid() == 0)); err != nil {
		os.Exit(1)
	}
}
