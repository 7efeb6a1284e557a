package main

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

var picture = flag.String("picture", "", "write a picture of the screen to this `file`, in SVG")

const sample = `
[program:api]
command=sh -c 'while :; do echo "GET /orders 200 12 ms"; echo "GET /login \033[33m401\033[0m 3 ms"; sleep 1; done'
numprocs=4
process_name=%%(program_name)s_%%(process_num)02d
[program:mailer]
command=sleep 1000
[program:importer]
command=false
startretries=100
`

// TestPicture writes a picture of the screen, for make web-shots.
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("-picture is not set")
	}
	x := openWith(t, "../../bin/supervisord", config+sample, 100, 22, "LANG=C.UTF-8 NO_COLOR=")
	x.keys("unset NO_COLOR; clear; supervisorctl -c sd.conf top", "Enter")
	x.sees("1 BACKOFF", "api ")
	x.keys("g", "Enter", "Down", "Down", "l")
	x.sees("api:api_01 stdout", "GET /login")
	x.await("some lines", func(s string) bool { return strings.Count(s, "GET /login") >= 3 })
	out, err := x.tmux("capture-pane", "-e", "-p", "-N")
	if err != nil {
		t.Fatal(err, out)
	}
	if err := os.WriteFile(*picture, []byte(svg(out, 100, 22)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The size of a character, and the colors, of a picture.
const (
	cellWidth, cellHeight = 8.0, 18.0
	background            = "#1c1f24"
	foreground            = "#d6d9de"
)

var palette = map[string]string{"31": "#f07178", "32": "#8fce6b", "33": "#e6c35c"}

var sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

// svg draws a screen with its styles.
func svg(screen string, width, height int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]v" height="%[2]v" viewBox="0 0 %[1]v %[2]v" `+
		`font-family="monospace" font-size="13"><rect width="100%%" height="100%%" fill="%[3]s" rx="6"/>`+"\n",
		float64(width)*cellWidth+20, float64(height)*cellHeight+16, background)
	var color, weight string
	reversed := false
	for y, row := range strings.Split(strings.TrimSuffix(screen, "\n"), "\n") {
		x := 0
		for row != "" {
			if m := sgr.FindStringSubmatchIndex(row); m != nil && m[0] == 0 {
				for code := range strings.SplitSeq(row[m[2]:m[3]], ";") {
					switch code {
					case "", "0":
						color, weight, reversed = "", "", false
					case "1":
						weight = ` font-weight="bold"`
					case "7":
						reversed = true
					case "39":
						color = ""
					default:
						color = palette[code]
					}
				}
				row = row[m[1]:]
				continue
			}
			end := strings.IndexByte(row, 0x1b)
			if end < 0 {
				end = len(row)
			}
			text := row[:end]
			row = row[end:]
			n := ansi.StringWidth(text)
			fill := color
			if fill == "" {
				fill = foreground
			}
			left, base := float64(x)*cellWidth+10, float64(y)*cellHeight+22
			if reversed {
				fmt.Fprintf(&b, `<rect x="%v" y="%v" width="%v" height="%v" fill="%s"/>`, left, base-13.5, float64(n)*cellWidth, cellHeight, foreground)
				fill = background
			}
			if strings.TrimSpace(text) != "" {
				fmt.Fprintf(&b, `<text x="%v" y="%v" fill="%s"%s textLength="%v" xml:space="preserve">`, left, base, fill, weight, float64(n)*cellWidth)
				_ = xml.EscapeText(&b, []byte(text))
				b.WriteString("</text>\n")
			}
			x += n
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}
