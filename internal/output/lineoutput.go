package output

import "sync"

// Target is where an Output writes to.
type Target interface {
	// Write takes a chunk as it came.
	Write(chunk []byte)
	// WriteRecords takes whole lines, which are not parted.
	WriteRecords(records []byte)
	// Room is how many bytes fit before there must be a break between two records, if the target wants one.
	Room() int
}

// Format makes the text of records.
type Format interface {
	// Append appends the text of a record, with its line end.
	Append(b []byte, r *Record) []byte
}

// bufferSize is how many bytes of records are written at once, unless one has more.
const bufferSize = 64 << 10

// Output is one of the places to which Lines passes records.
type Output struct {
	Target Target
	Format Format // nil: plain, the bytes as they come
	Whole  bool   // plain: whole lines only

	buf  *[]byte // nil: nothing is to be written
	most int     // write when there is so much
	open bool    // plain: the last line that was written has no end
}

// raw reports whether the output gets chunks as they come.
func (o *Output) raw() bool { return o.Format == nil && !o.Whole }

// pass writes a chunk as it is.
func (o *Output) pass(chunk []byte) {
	o.open = chunk[len(chunk)-1] != '\n'
	o.Target.Write(chunk)
}

// append adds a record.
func (o *Output) append(r *Record) {
	b := o.buffer()
	*b = o.Format.Append(*b, r)
	o.full()
}

// add adds a line or a piece as it is.
func (o *Output) add(raw []byte) {
	b := o.buffer()
	*b = append(*b, raw...)
	o.open = raw[len(raw)-1] != '\n'
	o.full()
}

// mark adds a line of supervisord to a plain log.
func (o *Output) mark(line []byte) {
	if o.open {
		b := o.buffer()
		*b = append(*b, '\n')
	}
	o.add(line)
}

// recordBuffers are shared by all outputs: most programs write seldom.
var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

func (o *Output) buffer() *[]byte {
	if o.buf == nil {
		o.buf = recordBuffers.Get().(*[]byte)
		o.most = min(bufferSize, o.Target.Room())
	}
	return o.buf
}

// full writes what there is if it is much, or fills the target.
func (o *Output) full() {
	if len(*o.buf) >= o.most {
		o.write()
	}
}

// write writes what there is.
func (o *Output) write() {
	if o.buf == nil {
		return
	}
	o.Target.WriteRecords(*o.buf)
	if cap(*o.buf) <= 2*bufferSize {
		*o.buf = (*o.buf)[:0]
		recordBuffers.Put(o.buf)
	}
	o.buf = nil
}
