package proc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// forest is a table of processes with trees, whose pages are powers of two.
func forest() *table {
	t := newTable(
		stat{pid: 1, group: 1, pages: 1000},
		stat{pid: 10, parent: 1, group: 10, pages: 1},  // a program
		stat{pid: 11, parent: 10, group: 10, pages: 2}, // its child
		stat{pid: 12, parent: 11, group: 12, pages: 4}, // and its grandchild, which has a group of its own
		stat{pid: 13, parent: 1, group: 10, pages: 8},  // an orphan in its group
		stat{pid: 14, parent: 13, group: 14, pages: 16},
		stat{pid: 20, parent: 1, group: 20, pages: 32},
		stat{pid: 21, parent: 20, group: 10, pages: 64}, // a child of one program in the group of another one
		stat{pid: 30, parent: 31, group: 30, pages: 128},
		stat{pid: 31, parent: 30, group: 30, pages: 256}, // a cycle, because a number was used again during the reading
	)
	for i := range t.list {
		t.list[i].fds = notRead
	}
	return t
}

func TestTrees(t *testing.T) {
	got := map[int]int64{}
	forest().trees(map[int]bool{10: true, 20: true, 99: true}, func(root int, s *stat) { got[root] += s.pages })
	want := map[int]int64{10: 1 + 2 + 4 + 8 + 64, 20: 32 + 64}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
