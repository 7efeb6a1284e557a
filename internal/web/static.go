package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var assets embed.FS

// types are the content types of what is in static, by extension.
var types = map[string]string{
	".css": "text/css", ".js": "text/javascript;charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml",
}

// moved are addresses that stand for another.
var moved = map[string]string{"favicon.ico": "images/icon.png"}

// static answers with a style sheet, script or image. Browsers may keep those, but have to ask whether they are still good:
// nothing in their names tells one version from another.
func (h *Handler) static(w http.ResponseWriter, r *http.Request) (status int) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusBadRequest
	}
	name := strings.TrimLeft(r.URL.Path, "/")
	if to := moved[name]; to != "" {
		name = to
	}
	if entries, err := assets.ReadDir(path.Join("static", name)); err == nil && len(entries) > 0 &&
		name != "" && !strings.HasSuffix(name, "/") {
		w.Header().Set("Location", path.Base(name)+"/")
		return http.StatusMovedPermanently
	}
	content, err := assets.ReadFile("static/" + name)
	if err != nil {
		return http.StatusNotFound
	}
	sum := sha256.Sum256(content)
	header := w.Header()
	header.Set("Content-Type", types[path.Ext(name)])
	header.Set("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, h.started, bytes.NewReader(content))
	return 0
}
