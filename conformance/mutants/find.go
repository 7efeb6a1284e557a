package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mutant is a change of a file.
type mutant struct {
	area       *area
	dir, file  string // relative to the module
	line, col  int
	start, end int    // offsets of the code that is replaced
	old, new   string // that code, and its replacement
	kind       string
	killer     string // the test that failed; empty after a crash
	late       bool   // the tests reached a limit of time
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s => %s", m.file, m.line, m.col, m.kind, short(m.old), short(m.new))
}

// short returns the beginning of a piece of code, on one line.
func short(code string) string {
	const limit = 60
	code = strings.Join(strings.Fields(code), " ")
	if code == "" {
		return "(nothing)"
	}
	if len(code) > limit {
		return code[:limit] + "..."
	}
	return "`" + code + "`"
}

// flipped maps an operator to its replacement.
var flipped = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+",
}

// ignored are methods whose calls are not dropped: their absence shows only in a race, or never.
var ignored = map[string]bool{"Lock": true, "Unlock": true, "RLock": true, "RUnlock": true, "Helper": true, "Grow": true}

// find returns all mutants of a package of the area, in the files that are built on this system.
func find(a *area, dir string) ([]*mutant, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []*mutant
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		if here, err := build.Default.MatchFile(dir, filepath.Base(path)); err != nil || !here {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := findIn(path, source)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			m.area, m.dir, m.file = a, dir, path
		}
		all = append(all, found...)
	}
	return all, nil
}

// finder collects the mutants of one file.
type finder struct {
	source string
	fset   *token.FileSet
	found  []*mutant
}

func findIn(path string, source []byte) ([]*mutant, error) {
	f := &finder{source: string(source), fset: token.NewFileSet()}
	file, err := parser.ParseFile(f.fset, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		ast.Inspect(d, f.visit)
	}
	return f.found, nil
}

// add adds the mutant that replaces the code from pos to end.
func (f *finder) add(kind string, pos, end token.Pos, code string) {
	p := f.fset.Position(pos)
	start, stop := p.Offset, f.fset.Position(end).Offset
	f.found = append(f.found, &mutant{line: p.Line, col: p.Column, start: start, end: stop, old: f.source[start:stop], new: code, kind: kind})
}

func (f *finder) text(n ast.Node) string {
	return f.source[f.fset.Position(n.Pos()).Offset:f.fset.Position(n.End()).Offset]
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Field: // types, and tags of structs
		return n.Tag == nil
	case *ast.ArrayType:
		return false
	case *ast.BinaryExpr:
		if to := flipped[n.Op]; to != "" {
			f.add("flipped operator", n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to)
		}
	case *ast.IfStmt:
		f.add("negated condition", n.Cond.Pos(), n.Cond.End(), "!("+f.text(n.Cond)+")")
	case *ast.BasicLit:
		f.constant(n)
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			f.add("wrong constant", n.Pos(), n.End(), map[string]string{"true": "false", "false": "true"}[n.Name])
		}
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && !isIgnored(call) {
			f.add("dropped effect", n.Pos(), n.End(), "")
		}
	case *ast.AssignStmt:
		if _, field := n.Lhs[0].(*ast.SelectorExpr); field && n.Tok == token.ASSIGN && len(n.Lhs) == 1 && len(n.Rhs) == 1 {
			f.add("dropped effect", n.Pos(), n.End(), "_ = "+f.text(n.Rhs[0]))
		}
	case *ast.IncDecStmt:
		f.add("flipped operator", n.TokPos, n.TokPos+2, map[token.Token]string{token.INC: "--", token.DEC: "++"}[n.Tok])
	case *ast.CompositeLit:
		f.swaps(n)
	}
	return true
}

func isIgnored(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	return ok && ignored[method.Sel.Name]
}

// constant increments a number or makes a string longer.
func (f *finder) constant(lit *ast.BasicLit) {
	switch lit.Kind {
	case token.INT:
		if n, err := strconv.ParseInt(lit.Value, 0, 64); err == nil {
			f.add("wrong constant", lit.Pos(), lit.End(), strconv.FormatInt(n+1, 10))
		}
	case token.STRING:
		if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
			f.add("wrong constant", lit.Pos(), lit.End(), strconv.Quote(text+"~"))
		}
	}
}

// swaps exchanges the values of adjacent fields. If their types differ, the mutant cannot be built.
func (f *finder) swaps(lit *ast.CompositeLit) {
	for i := 1; i < len(lit.Elts); i++ {
		a, ok := lit.Elts[i-1].(*ast.KeyValueExpr)
		b, also := lit.Elts[i].(*ast.KeyValueExpr)
		if !ok || !also || f.text(a.Value) == f.text(b.Value) {
			continue
		}
		between := f.source[f.fset.Position(a.Value.End()).Offset:f.fset.Position(b.Value.Pos()).Offset]
		f.add("swapped fields", a.Value.Pos(), b.Value.End(), f.text(b.Value)+between+f.text(a.Value))
	}
}
