package origin

import (
	"net/http"
	"testing"
)

func TestOf(t *testing.T) {
	type headers map[string]string
	for _, c := range []struct {
		name    string
		headers headers
		want    Site
		certain bool
	}{
		{"curl", headers{"User-Agent": "curl/8"}, Script, false},
		{"nothing", nil, Script, false},
		{"a browser over plain HTTP", headers{"User-Agent": "Mozilla/5.0 (X11)"}, Unsaid, false},
		{"our page", headers{"Sec-Fetch-Site": "same-origin"}, Same, true},
		{"typed", headers{"Sec-Fetch-Site": "none", "User-Agent": "Mozilla/5.0"}, Same, true},
		{"another port, says the browser", headers{"Sec-Fetch-Site": "same-site"}, Sibling, true},
		{"another site, says the browser", headers{"Sec-Fetch-Site": "cross-site"}, Foreign, true},
		{"a word of the future", headers{"Sec-Fetch-Site": "far-away"}, Foreign, true},
		{"the browser knows better than the names", headers{"Sec-Fetch-Site": "same-origin", "Origin": "https://ops.example"},
			Same, true},
		{"our origin", headers{"Origin": "http://sup.example:9001"}, Same, false},
		{"another port", headers{"Origin": "http://sup.example:8000"}, Sibling, false},
		{"another host", headers{"Origin": "http://evil.example:9001"}, Foreign, false},
		{"a hidden origin", headers{"Origin": "null"}, Foreign, false},
		{"our page as referer", headers{"Referer": "http://sup.example:9001/tail.html?processname=x"}, Same, false},
		{"another page as referer", headers{"Referer": "http://evil.example/sup.example:9001"}, Foreign, false},
		{"a longer name", headers{"Origin": "http://sup.example.evil.example:9001"}, Foreign, false},
		{"behind a proxy that says so", headers{"Origin": "https://ops.example", "X-Forwarded-Host": "ops.example"}, Same, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{Host: "sup.example:9001", Header: http.Header{}}
			for k, v := range c.headers {
				r.Header.Set(k, v)
			}
			if site, certain := Of(r); site != c.want || certain != c.certain {
				t.Errorf("%v %v, want %v %v", site, certain, c.want, c.certain)
			}
		})
	}
	for _, host := range []string{"", "[::1]:9001", "[::1]", "::1"} {
		r := &http.Request{Host: host, Header: http.Header{"Origin": {"http://[::1]:9001"}}}
		site, _ := Of(r)
		if want := map[string]Site{"": Foreign, "[::1]:9001": Same, "[::1]": Sibling, "::1": Sibling}[host]; site != want {
			t.Errorf("Host %q: %v, want %v", host, site, want)
		}
	}
}
