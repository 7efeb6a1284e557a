package check

import (
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// maxText is the length of a reason that clients see, in bytes.
const maxText = 200

// Shown returns a reason as one line of valid UTF-8, shortened.
func Shown(text string) string {
	text = pyrepr.Escape(strings.ToValidUTF8(text, "\uFFFD"), pyrepr.EndsLine)
	if len(text) <= maxText {
		return text
	}
	end := maxText - len("...")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
