package fleet

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// FrameHead is the number of bytes before the data of a frame: the length and the checksum (CRC-32C), little-endian.
const FrameHead = 8

// The errors of NextFrame.
var (
	ErrShort   = errors.New("a frame is not complete")
	ErrDamaged = errors.New("a frame is damaged")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendFrame appends data to b, with length and checksum. Data have 1 to MaxValue bytes.
func AppendFrame(b, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(data, castagnoli))
	return append(b, data...)
}

// NextFrame returns the data of the frame at the start of b, which are a part of b, and what follows it. The error is ErrShort where
// b may be the start of a frame, and ErrDamaged where it is none.
func NextFrame(b []byte) (data, rest []byte, err error) {
	if len(b) < FrameHead {
		return nil, nil, ErrShort
	}
	n, sum := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if n == 0 || n > MaxValue {
		return nil, nil, ErrDamaged
	}
	end := FrameHead + int(n)
	if len(b) < end {
		return nil, nil, ErrShort
	}
	data = b[FrameHead:end:end]
	if crc32.Checksum(data, castagnoli) != sum {
		return nil, nil, ErrDamaged
	}
	return data, b[end:], nil
}
