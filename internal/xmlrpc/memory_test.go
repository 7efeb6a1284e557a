package xmlrpc

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// No call takes much more memory than its size, with any elements.
// differs: DIFF-129 limits
func TestParseCallMemory(t *testing.T) {
	const size = 1 << 20
	call := func(inner string) string {
		return "<methodCall><methodName>m</methodName><params>" + inner + "</params></methodCall>"
	}
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	var entities strings.Builder
	entities.WriteString(`<!DOCTYPE c [<!ENTITY a "` + strings.Repeat("x", 1000) + `">`)
	for c := 'b'; c <= 'z'; c++ {
		entities.WriteString(`<!ENTITY ` + string(c) + ` "` + strings.Repeat("&"+string(c-1)+";", 10) + `">`)
	}
	entities.WriteString("]>")
	for name, body := range map[string]string{
		"values":       call(fill("<value/>")),
		"short names":  call(fill("<a/>")),
		"arrays":       call(fill("<value><array><data/></array></value>")),
		"structs":      call(fill("<param><value><struct/></value></param>")),
		"members":      call("<param><value><struct>" + fill("<m><name/><a/></m>") + "</struct></value></param>"),
		"references":   call("<param><value>" + fill("&#65;") + "</value></param>"),
		"pieces":       call("<param><value>" + fill("a<!---->") + "</value></param>"),
		"line ends":    call("<param><value>" + fill("\r") + "</value></param>"),
		"entities":     entities.String() + call("<param><value>&z;</value></param>"),
		"declarations": "<!DOCTYPE c [" + fill(`<!ENTITY x "y">`) + "]>" + call(""),
		"attributes":   "<methodCall " + fill(`a="b" `) + "/>",
		"depth":        call(fill("<value><array><data>")),
		"a number":     call("<param><value><int>" + fill("9") + "</int></value></param>"),
		"a fraction":   call("<param><value><double>" + fill("9") + "</double></value></param>"),
		"base64":       call("<param><value><base64>" + fill("QUJD") + "</base64></value></param>"),
		"one text":     call("<param><value>" + fill("x") + "</value></param>"),
		"no end":       call(fill("<value>x</value>"))[:size/2],
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseCall([]byte(body))
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*size+48<<20 {
			t.Errorf("%s: %d MB were allocated for %d MB, %v", name, grown>>20, len(body)>>20, err)
		}
		before = after
		_, _, err = ParseBounded([]byte(body), maxValues)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*size+48<<20 {
			t.Errorf("%s of a response: %d MB were allocated for %d MB, %v", name, grown>>20, len(body)>>20, err)
		}
	}
	if _, err := ParseCall([]byte(call(strings.Repeat("<value/>", maxValues+1)))); !errors.Is(err, ErrUnmarshallable) {
		t.Errorf("too many values: %v", err)
	}
	if c, err := ParseCall([]byte(call(strings.Repeat("<value/>", 1000)))); err != nil || len(c.Params) != 1000 {
		t.Errorf("a thousand values: %d, %v", len(c.Params), err)
	}
}
