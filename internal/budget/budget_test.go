package budget

import (
	"sync"
	"testing"
)

// TestTake takes from many goroutines more than there is.
func TestTake(t *testing.T) {
	b := Budget{Limit: 10}
	if b.Take(11) || !b.Take(10) || b.Take(1) {
		t.Error("the limit does not hold")
	}
	b.Release(10)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if b.Take(3) {
				b.Release(3)
			}
		})
	}
	wg.Wait()
	if b.Held() != 0 {
		t.Errorf("%d are held in the end", b.Held())
	}
}
