package safefile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// node is a directory, a file or a link of the model.
type node struct {
	uid    int
	mode   uint32
	kids   map[string]*node // nil: no directory
	parent *node
	link   string // the target; empty: no link
	names  int    // of a file
	path   string // the first of them
}

// model is a tree of files of several users, and what opening a path in it must do.
type model struct {
	root   *node
	nodes  []*node // all, in the order in which they were made
	links  int
	passed []int // owners of links
	owner  int
}

var (
	modelUsers = []int{0, app, deploy, other}
	modelModes = []uint32{0o755, 0o700, 0o777, 0o1777, 0o775}
	modelNames = []string{"a", "b", "c"}
)

// grow makes the files that the bytes describe, and returns the path that they go on with.
func (m *model) grow(t *testing.T, bytes []byte) (path string) {
	next := func() int {
		if len(bytes) == 0 {
			return 0
		}
		b := bytes[0]
		bytes = bytes[1:]
		return int(b)
	}
	words := func() string {
		var all []string
		for range 1 + next()%4 {
			switch word := next() % 12; word {
			case 10:
				all = append(all, "..")
			case 11:
				all = append(all, ".")
			default:
				all = append(all, modelNames[word%3])
			}
		}
		return strings.Join(all, "/")
	}
	for range next() % 24 {
		in, name, uid := m.nodes[next()%len(m.nodes)], modelNames[next()%3], modelUsers[next()%4]
		if in.kids == nil || in.kids[name] != nil {
			continue
		}
		n := &node{uid: uid, parent: in, path: in.path + "/" + name, names: 1}
		var err error
		switch next() % 6 {
		case 0, 1:
			n.kids, n.mode = map[string]*node{}, modelModes[next()%5]
			err = os.Mkdir(n.path, 0o700)
		case 2:
			err = os.WriteFile(n.path, nil, 0o600)
		case 3, 4:
			switch n.link = words(); next() % 4 {
			case 0:
				n.link = m.root.path + "/" + n.link
			case 1, 2:
				n.link = m.nodes[next()%len(m.nodes)].path
			}
			err = os.Symlink(n.link, n.path)
		default:
			old := m.nodes[next()%len(m.nodes)]
			if old.kids != nil || old.link != "" {
				continue
			}
			if err := os.Link(old.path, n.path); err != nil {
				t.Fatal(err)
			}
			old.names++
			in.kids[name] = old
			continue
		}
		if err == nil {
			err = os.Lchown(n.path, uid, uid)
		}
		if err == nil && n.kids != nil {
			err = unix.Chmod(n.path, n.mode)
		}
		if err != nil {
			t.Fatal(err)
		}
		in.kids[name] = n
		m.nodes = append(m.nodes, n)
	}
	m.owner = modelUsers[next()%4]
	if next()%2 == 0 {
		return words()
	}
	return strings.TrimPrefix(m.nodes[next()%len(m.nodes)].path+"/"+words(), m.root.path+"/")
}

// The results of the model other than the path that is opened.
const (
	refusal = "refused"
	outside = "outside of the tree"
)

// open returns what must happen: refusal, the text of an error, or the path of the file that is opened or created.
func (m *model) open(path string) string {
	dir, name, problem := m.walk(m.root, path)
	if problem != "" {
		return problem
	}
	var end *node
	if name == "" {
		end = dir
	} else {
		end = dir.kids[name]
	}
	for _, x := range m.passed {
		if !m.satisfied(x, dir, end) {
			return refusal
		}
	}
	switch {
	case end == nil:
		return dir.path + "/" + name
	case end.kids != nil:
		return syscall.EISDIR.Error()
	case m.isForeign(dir, end):
		return refusal
	}
	return end.path
}

// isForeign applies the rules for files at which no link plays a part.
func (m *model) isForeign(dir, end *node) bool {
	users := map[int]bool{dir.uid: true, m.owner: true}
	for _, x := range m.passed {
		users[x] = true
	}
	safe := dir.uid == 0 && dir.mode&0o022 == 0
	if end.names > 1 && !safe && (end.uid == 0 || !users[end.uid]) {
		return true
	}
	return end.uid != 0 && dir.mode&0o1002 == 0o1002 && end.uid != dir.uid && end.uid != m.owner
}

// satisfied reports whether a link of x may lead to the end.
func (m *model) satisfied(x int, dir, end *node) bool {
	if x == 0 {
		return false
	}
	if end != nil && end.uid == x {
		return true
	}
	within := false
	for d := dir; d != nil; d = d.parent {
		within = within || d.uid == x
	}
	if dir.uid != x && !(m.owner != 0 && dir.uid == m.owner && within) {
		return false
	}
	return end == nil || end.kids == nil && end.names == 1 && (end.uid == 0 || end.uid == x || end.uid == m.owner)
}

// walk follows a path from a directory. An empty name means that the directory is the end.
func (m *model) walk(from *node, path string) (dir *node, name, problem string) {
	if path == m.root.path {
		path += "/."
	}
	if rest, ok := strings.CutPrefix(path, m.root.path+"/"); ok {
		from, path = m.root, rest
	}
	words := strings.Split(path, "/")
	for i, word := range words {
		last := i == len(words)-1
		switch word {
		case ".":
			continue
		case "..":
			if from = from.parent; from == nil {
				return nil, "", outside
			}
			continue
		}
		n := from.kids[word]
		switch {
		case n == nil && last:
			return from, word, ""
		case n == nil:
			return nil, "", syscall.ENOENT.Error()
		case n.link != "":
			if m.links++; m.links > maxLinks {
				return nil, "", syscall.ELOOP.Error()
			}
			if n.uid != 0 {
				m.passed = append(m.passed, n.uid)
			}
			rest := append([]string{n.link}, words[i+1:]...)
			return m.walk(from, strings.Join(rest, "/"))
		case last && n.kids == nil:
			return from, word, ""
		case n.kids == nil:
			return nil, "", syscall.ENOTDIR.Error()
		}
		from = n
	}
	return from, "", ""
}

// FuzzOpen makes a tree of files, directories and links of several users, opens a path in it, and compares with the model.
// covers: SEC-3
func FuzzOpen(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root: files of several users")
	}
	f.Add([]byte{3, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 3, 1, 3, 0, 0, 1, 0, 0, 1, 1})
	f.Add([]byte{4, 0, 0, 0, 2, 0, 1, 1, 0, 0, 0, 2, 0, 1, 3, 1, 3, 0, 0, 1, 1, 0, 1, 1, 0})
	f.Add([]byte("\x14many files of many users, and links among them: a/b/c/../../x, and so on for a while, 0123456789"))
	f.Add([]byte("\x17\x00\x01\x02\x03\x03\x01\x00\x01\x00\x02\x01\x01\x01\x00\x02\x01\x02\x03\x00\x03\x01\x01\x04\x01\x01\x02\x03\x01\x02\x05\x01\x01"))
	f.Fuzz(func(t *testing.T, bytes []byte) { compare(t, bytes) })
}

// TestRandomTrees does the same with random trees, and finds that they are of all kinds.
// covers: SEC-3
func TestRandomTrees(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: files of several users")
	}
	random := rand.New(rand.NewPCG(1, 2))
	results := map[string]int{}
	for range 300 {
		bytes := make([]byte, 200)
		for i := range bytes {
			bytes[i] = byte(random.Uint32())
		}
		bytes[0] = 23
		result := compare(t, bytes)
		if strings.HasPrefix(result, "/") {
			result = "opened"
		}
		results[result]++
	}
	for _, kind := range []string{refusal, "opened", syscall.ENOENT.Error(), syscall.ENOTDIR.Error(), syscall.EISDIR.Error(), syscall.ELOOP.Error()} {
		if results[kind] == 0 {
			t.Errorf("no result is %s: %v", kind, results)
		}
	}
	t.Log(results)
}

// compare makes a tree, opens a path in it, and returns what the model wants.
func compare(t *testing.T, bytes []byte) (want string) {
	dir, err := os.MkdirTemp("", "safefile")
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := unix.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	protectedHardLinks = func() bool { return false }
	root := &node{kids: map[string]*node{}, path: dir, mode: 0o755}
	m := &model{root: root, nodes: []*node{root}}
	path := m.grow(t, bytes)
	want = m.open(path)
	if want == outside {
		return want
	}
	fd, info, err := Open(root.path+"/"+path, unix.O_WRONLY|unix.O_CREAT, 0o600, m.owner)
	var got string
	var errno syscall.Errno
	switch refused := (*Refused)(nil); {
	case errors.As(err, &refused):
		got = refusal
	case errors.As(err, &errno):
		got = errno.Error()
	default:
		defer unix.Close(fd)
		got = want
		if st, err := lstat(unix.AT_FDCWD, want); err != nil || !st.Same(info) {
			got = fmt.Sprintf("another file: %+v", info)
		}
	}
	if got != want {
		t.Errorf("%s for user %d: %s; want %s", path, m.owner, got, want)
		for _, n := range m.nodes {
			t.Logf("%s uid %d mode %o names %d %s", n.path, n.uid, n.mode, n.names, n.link)
		}
	}
	return want
}
