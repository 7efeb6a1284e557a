package xmlrpc

// textLength returns the length of s as the content of an element.
func textLength[T string | []byte](s T) (n int) {
	for i := 0; i < len(s); {
		if i+8 <= len(s) && allPlain(load(s, i)) {
			i += 8
			n += 8
			continue
		}
		size, encoded := charLength(s, i)
		i += size
		n += encoded
	}
	return n
}

// charLength returns the length of the character at s[i], and that of its encoding.
func charLength[T string | []byte](s T, i int) (size, encoded int) {
	switch c := s[i]; {
	case c == '&':
		return 1, len("&amp;")
	case c == '<' || c == '>':
		return 1, len("&lt;")
	case plain[c]:
		return 1, 1
	}
	r, size := decodeRune(s[i:])
	if size > 1 && isXML(r) {
		return size, size
	}
	return size, len("\ufffd")
}

// Fitting returns the longest part of data whose encoding is not longer than room bytes: its beginning, or with last its end.
func Fitting(data []byte, room int, last bool) []byte {
	if len(data)*growth <= room {
		return data
	}
	if last {
		return fittingEnd(data, room)
	}
	for i, n := 0, 0; i < len(data); {
		size, encoded := charLength(data, i)
		if n += encoded; n > room {
			return data[:i]
		}
		i += size
	}
	return data
}

func fittingEnd(data []byte, room int) []byte {
	n := textLength(data)
	i := 0
	for n > room {
		size, encoded := charLength(data, i)
		i += size
		n -= encoded
	}
	return data[i:]
}
