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
		{"curl", headers{"User-Agent": "curl/8"}, NoBrowser, false},
		{"no headers", nil, NoBrowser, false},
		{"a browser over plain HTTP", headers{"User-Agent": "Mozilla/5.0 (X11)"}, Unknown, false},
		{"own page", headers{"Sec-Fetch-Site": "same-origin"}, SameOrigin, true},
		{"typed", headers{"Sec-Fetch-Site": "none", "User-Agent": "Mozilla/5.0"}, SameOrigin, true},
		{"another port by Sec-Fetch-Site", headers{"Sec-Fetch-Site": "same-site"}, SameSite, true},
		{"another site by Sec-Fetch-Site", headers{"Sec-Fetch-Site": "cross-site"}, CrossSite, true},
		{"an unknown Sec-Fetch-Site", headers{"Sec-Fetch-Site": "far-away"}, CrossSite, true},
		{"Sec-Fetch-Site before Origin", headers{"Sec-Fetch-Site": "same-origin", "Origin": "https://ops.example"},
			SameOrigin, true},
		{"own origin", headers{"Origin": "http://sup.example:9001"}, SameOrigin, false},
		{"another port", headers{"Origin": "http://sup.example:8000"}, SameSite, false},
		{"another host", headers{"Origin": "http://evil.example:9001"}, CrossSite, false},
		{"a hidden origin", headers{"Origin": "null"}, CrossSite, false},
		{"own page as referer", headers{"Referer": "http://sup.example:9001/tail.html?processname=x"}, SameOrigin, false},
		{"another page as referer", headers{"Referer": "http://evil.example/sup.example:9001"}, CrossSite, false},
		{"a longer name", headers{"Origin": "http://sup.example.evil.example:9001"}, CrossSite, false},
		{"behind a proxy that sets X-Forwarded-Host", headers{"Origin": "https://ops.example", "X-Forwarded-Host": "ops.example"}, SameOrigin, false},
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
		if want := map[string]Site{"": CrossSite, "[::1]:9001": SameOrigin, "[::1]": SameSite, "::1": SameSite}[host]; site != want {
			t.Errorf("Host %q: %v, want %v", host, site, want)
		}
	}
}

func TestIsBrowser(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"User-Agent", "curl/8", false}, {"User-Agent", "Mozilla/5.0 (X11)", true}, {"Origin", "null", true},
		{"Sec-Fetch-Dest", "empty", true}, {"Sec-Fetch-Storage-Access", "none", true}, {"Accept-Language", "en", false},
	} {
		if got := IsBrowser(&http.Request{Header: http.Header{c.name: {c.value}}}); got != c.want {
			t.Errorf("%s: %s: %t", c.name, c.value, got)
		}
	}
}

func TestNavigates(t *testing.T) {
	for _, c := range []struct {
		header http.Header
		want   bool
	}{
		{http.Header{}, true},
		{http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}, true},
		{http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"iframe"}}, false},
		{http.Header{"Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}}, false},
		{http.Header{"Sec-Fetch-Mode": {"cors"}}, false},
		{http.Header{"Sec-Fetch-Dest": {"empty"}}, false},
		{http.Header{"Sec-Purpose": {"prefetch"}}, false},
		{http.Header{"Purpose": {"prefetch"}}, false},
		{http.Header{"X-Moz": {"prefetch"}}, false},
	} {
		if got := Navigates(&http.Request{Header: c.header}); got != c.want {
			t.Errorf("%v: %t", c.header, got)
		}
	}
}
