package logs

import (
	"slices"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// keptTime is how long a file is kept for the next part of a search.
const keptTime = 10 * time.Second

// keptFile is a file in which a search has stopped, ready to go on. A compressed one would have to be read from its beginning otherwise.
type keptFile struct {
	log     Source
	next    Place
	skipped int
	file    *recordFile
	timer   *time.Timer
}

// fileKeeper has the files of searches that may go on, the oldest first.
type fileKeeper struct {
	mu    sync.Mutex
	files []keptFile
}

var keptFiles fileKeeper

// keep keeps a file for a while. If there are too many, the oldest is closed.
func (k *fileKeeper) keep(kept keptFile) {
	k.mu.Lock()
	defer k.mu.Unlock()
	file := kept.file
	file.read = new(int64)
	kept.timer = time.AfterFunc(keptTime, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if i := slices.IndexFunc(k.files, func(other keptFile) bool { return other.file == file }); i >= 0 {
			k.drop(i)
		}
	})
	if !budget.Searches.Take(1) {
		k.drop(0)
		budget.Searches.Take(1)
	}
	k.files = append(k.files, kept)
}

// remove removes a file from the list. The lock is held.
func (k *fileKeeper) remove(i int) keptFile {
	kept := k.files[i]
	kept.timer.Stop()
	k.files = slices.Delete(k.files, i, i+1)
	budget.Searches.Release(1)
	return kept
}

// drop closes a file. The lock is held.
func (k *fileKeeper) drop(i int) { k.remove(i).file.close() }

// take returns the file in which a search of a log has stopped, and its index among the files that there are now. The file is nil if it is
// not kept, or not one of these any more.
func (k *fileKeeper) take(log Source, next Place, files []listed) (keptFile, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.files, func(f keptFile) bool { return f.log == log && f.next == next })
	if i < 0 {
		return keptFile{}, 0
	}
	at := slices.IndexFunc(files, func(l listed) bool { return l.info.Same(k.files[i].file.info) })
	if at < 0 {
		k.drop(i)
		return keptFile{}, 0
	}
	return k.remove(i), at
}
