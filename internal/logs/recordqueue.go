package logs

// recordQueue holds records until they have been sent, and those that have been sent until they are known to have arrived. Their bytes
// are in blocks, so that a full queue takes little more memory than its limit.
type recordQueue struct {
	records []queuedRecord
	sent    int    // how many of records, from the first, have been sent
	size    int    // bytes of records
	block   []byte // what is left of the last block
}

type queuedRecord struct {
	data []byte
	end  int64 // of a record that has been sent: its end in the stream
}

const (
	recordOverhead = 40 // bytes that a record takes besides its own
	blockSize      = 64 << 10
)

// push appends a copy of a record.
func (q *recordQueue) push(data []byte) {
	if len(q.block) < len(data) {
		q.block = make([]byte, max(blockSize, len(data)))
	}
	n := copy(q.block, data)
	q.records = append(q.records, queuedRecord{data: q.block[:n:n]})
	q.block = q.block[n:]
	q.size += n + recordOverhead
}

// unsent is how many records are to be sent.
func (q *recordQueue) unsent() int { return len(q.records) - q.sent }

// next returns the records that are to be sent next: one, or as many as have no more than limit bytes.
func (q *recordQueue) next(limit int) (list []queuedRecord) {
	size := 0
	for i, r := range q.records[q.sent:] {
		if size += len(r.data); size > limit && i > 0 {
			break
		}
		list = q.records[q.sent : q.sent+i+1]
	}
	return list
}

// arrived drops the records that end at a place of the stream or before.
func (q *recordQueue) arrived(end int64) {
	n := 0
	for n < q.sent && q.records[n].end <= end {
		q.size -= len(q.records[n].data) + recordOverhead
		q.records[n].data = nil
		n++
	}
	q.records, q.sent = q.records[n:], q.sent-n
	if len(q.records) == 0 {
		*q = recordQueue{}
	}
}

// again has everything sent again that is not known to have arrived.
func (q *recordQueue) again() { q.sent = 0 }
