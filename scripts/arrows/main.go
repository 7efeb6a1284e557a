// Arrows prints who imports whom inside the project, one package a line. It is what `make arrows` starts.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const module = "github.com/gosupervisor/supervisor/"

func main() {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "arrows:", err)
		os.Exit(1)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		var to []string
		for _, w := range words[1:] {
			if name, ours := strings.CutPrefix(w, module); ours {
				to = append(to, strings.TrimPrefix(name, "internal/"))
			}
		}
		from := strings.TrimPrefix(strings.TrimPrefix(words[0], module), "internal/")
		fmt.Printf("%-24s %s\n", from, strings.Join(to, " "))
	}
}
