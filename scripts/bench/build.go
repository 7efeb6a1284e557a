package main

import (
	"bytes"
	"context"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed native/*.c
var native embed.FS

// fixtures are the programs that are part of the bench.
type fixtures struct {
	child    []string // the supervised program's command, without its own arguments
	kind     string   // how it was built, for the table
	baseline string   // path of the baseline, empty without a C compiler
	listener string   // path of the event listener, empty without a C compiler
	events   string   // path of the baseline of events, empty without a C compiler
}

// way is a way to compile a C program. They are tried in turn; the first gives the program that starts fastest.
type way struct {
	kind  string
	flags []string
}

var (
	bare = way{"C, bare", strings.Fields(
		"-DBARE -static -nostdlib -fno-stack-protector -fno-tree-loop-distribute-patterns")}
	static  = way{"C, static", []string{"-static"}}
	dynamic = way{"C, dynamic", nil}
)

// buildFixtures compiles the C programs into dir. Without a C compiler the bench itself is the child, and there is no baseline.
func buildFixtures(ctx context.Context, dir string) (fixtures, error) {
	self, err := os.Executable()
	if err != nil {
		return fixtures{}, err
	}
	built := fixtures{child: []string{self, childArgument}, kind: "Go, as there is no C compiler"}
	if path, kind := compile(ctx, dir, "child", bare, static, dynamic); path != "" {
		built.child, built.kind = []string{path}, kind
	}
	built.baseline, _ = compile(ctx, dir, "baseline", static, dynamic)
	built.listener, _ = compile(ctx, dir, "listener", static, dynamic)
	built.events, _ = compile(ctx, dir, "events", static, dynamic)
	return built, ctx.Err()
}

// compile builds the named program from its embedded source. It returns the path and the kind of the first way that succeeds, or an
// empty path.
func compile(ctx context.Context, dir, name string, ways ...way) (path, kind string) {
	source, err := native.ReadFile("native/" + name + ".c")
	if err != nil {
		return "", ""
	}
	path = filepath.Join(dir, name)
	for _, w := range ways {
		cmd := exec.CommandContext(ctx, "cc", append(w.flags, "-O2", "-x", "c", "-o", path, "-")...)
		cmd.Stdin = bytes.NewReader(source)
		if cmd.Run() == nil {
			return path, w.kind
		}
	}
	return "", ""
}
