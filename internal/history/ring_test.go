package history

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// TestEntryIsSmall holds the size that the contract of event_history gives to an entry.
func TestEntryIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Entry{}); bits.UintSize == 64 && size != 40 {
		t.Errorf("an entry takes %d bytes, want 40", size)
	}
}

// add adds n entries, whose times are their numbers.
func add(r *Ring, n int) {
	for range n {
		r.Add(Entry{At: int64(r.Last() + 1)})
	}
}

// times are those of entries.
func times(list []Entry) (all []int64) {
	for _, e := range list {
		all = append(all, e.At)
	}
	return all
}

func TestRingIsEmptyBeforeTheFirstEntry(t *testing.T) {
	r := New("a", MaxSize)
	if r.entries != nil {
		t.Error("a new ring holds memory")
	}
	add(r, 10)
	if got := cap(r.entries); got > 32 {
		t.Errorf("10 entries have room for %d", got)
	}
}

// TestRingAgainstModel compares a ring with a list, in all sizes, over resizes and handovers.
func TestRingAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		size := random.IntN(40)
		r, had := New("a", size), 0 // had: the number before the oldest that the model has
		for range 60 {
			switch random.IntN(10) {
			case 0:
				size = random.IntN(40)
				r.Resize(size)
			case 1:
				text, err := json.Marshal(r.Export())
				if err != nil {
					t.Fatal(err)
				}
				var s RingState
				if err := json.Unmarshal(text, &s); err != nil {
					t.Fatal(err)
				}
				r = Import(s, "b", size)
			default:
				add(r, random.IntN(5))
			}
			last := int(r.Last())
			had = max(had, last-size)
			from, most := random.IntN(last+2), 1+random.IntN(50)
			got := r.After(uint64(from), most, nil)
			var want []int64
			for n := max(from, had) + 1; n <= last && len(want) < most; n++ {
				want = append(want, int64(n))
			}
			missed := uint64(0)
			if from < had {
				missed = uint64(had - from)
			}
			if diff := cmp.Diff(want, times(got.Entries)); diff != "" || got.Missed != missed {
				t.Fatalf("round %d: after %d of %d with size %d: missed %d, want %d\n%s", round, from, last, size, got.Missed, missed, diff)
			}
			if len(want) > 0 && got.Next() != uint64(want[len(want)-1]) {
				t.Fatalf("the reader goes on after %d, want %d", got.Next(), want[len(want)-1])
			}
			if cap(r.entries) > max(size, 32) {
				t.Fatalf("a ring of %d has room for %d", size, cap(r.entries))
			}
		}
	}
}

func TestResume(t *testing.T) {
	r := New("5f3a", 4)
	add(r, 10)
	for _, test := range []struct {
		id     string
		number uint64
		gap    *Gap
		bad    bool
	}{
		{id: "5f3a-10", number: 10},
		{id: "5f3a-8", number: 8},
		{id: "5f3a-6", number: 6},
		{id: "5f3a-5", number: 6, gap: &Gap{Missed: 1}},
		{id: "5f3a-0", number: 6, gap: &Gap{Missed: 6}},
		{id: "5f3a-11", number: 6, gap: &Gap{Restarted: true}},
		{id: "0000-8", number: 6, gap: &Gap{Restarted: true}},
		{id: "all", number: 6},
		{id: "", bad: true}, {id: "5f3a", bad: true}, {id: "5f3a-", bad: true}, {id: "-8", bad: true}, {id: "5f3a-x", bad: true},
		{id: "5f3a-99999999999999999999999", bad: true},
	} {
		number, gap, ok := r.Resume(test.id)
		if diff := cmp.Diff(test.gap, gap); number != test.number || ok == test.bad || diff != "" {
			t.Errorf("%q: %d, %v\n%s", test.id, number, ok, diff)
		}
	}
}

func TestChanged(t *testing.T) {
	r := New("a", 0)
	c := r.Changed()
	if c != r.Changed() {
		t.Error("each reader has a channel of its own")
	}
	select {
	case <-c:
		t.Fatal("it is closed before an entry")
	default:
	}
	r.Add(Entry{})
	<-c
	if b := r.After(0, 10, nil); len(b.Entries) != 0 || b.Missed != 1 {
		t.Errorf("a ring without room has %v", b)
	}
}

func TestHandover(t *testing.T) {
	r := New("5f3a", 8)
	web := &Subject{Group: "web", Name: "web"}
	r.Add(Entry{At: 5, Of: web, From: 0, To: 10})
	r.Add(Entry{At: 6, Of: web, From: 10, To: 20, PID: 7})
	r.Add(Entry{At: 7, Of: web, From: 20, To: 100, Status: -9, Flags: Ended, PID: 7, Text: new("no more")})
	r.Add(Entry{At: 8, Of: &Subject{Group: "g"}, Kind: Group, Flags: Added})
	text, err := json.Marshal(r.Export())
	if err != nil {
		t.Fatal(err)
	}
	var s RingState
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	next := Import(s, "other", 3)
	if next.Life() != "5f3a" || next.Last() != 4 {
		t.Errorf("life %s, last %d", next.Life(), next.Last())
	}
	want, got := r.After(1, 9, nil), next.After(1, 9, nil)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Entries[0].Of != got.Entries[1].Of {
		t.Error("entries of a process do not share their subject")
	}
	if fresh := Import(RingState{}, "other", 3); fresh.Life() != "other" || fresh.Last() != 0 {
		t.Errorf("without a state: %s, %d", fresh.Life(), fresh.Last())
	}
}

func TestKinds(t *testing.T) {
	for i := range kindNames {
		if k, ok := ParseKind(Kind(i).String()); !ok || k != Kind(i) {
			t.Errorf("%s is %v", Kind(i), k)
		}
	}
	if _, ok := ParseKind("tick"); ok || Kind(200).String() != "" {
		t.Error("there is a kind that does not exist")
	}
}

func TestCounts(t *testing.T) {
	var c Counts
	c.Exit(true)
	c.Exit(false)
	c.Exit(false)
	o := Output{Logged: 1, Lost: 2, Rotations: 3}
	o.Add(o)
	if got := fmt.Sprint(c, o); got != "{0 0 1 2} {2 4 6}" {
		t.Error(got)
	}
}
