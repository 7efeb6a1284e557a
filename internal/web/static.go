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

// contentTypes are the content types of the files in static, by extension.
var contentTypes = map[string]string{
	".css": "text/css", ".js": "text/javascript;charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml",
}

// aliases maps addresses to others with the same content.
var aliases = map[string]string{"favicon.ico": "images/icon.png"}

// static sends a style sheet, script or image. Browsers may cache them but must revalidate, because their names have no
// version.
func (h *Handler) static(w http.ResponseWriter, r *http.Request) (status int) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusBadRequest
	}
	name := strings.TrimLeft(r.URL.Path, "/")
	if other := aliases[name]; other != "" {
		name = other
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
	header.Set("Content-Type", contentTypes[path.Ext(name)])
	header.Set("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, h.started, bytes.NewReader(content))
	return 0
}
