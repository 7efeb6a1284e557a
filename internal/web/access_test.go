package web_test

import "testing"

// contrast lists the texts of a page whose contrast is less than WCAG AA requires: 4.5 to 1, or 3 to 1 for large text.
const contrast = `(() => {
	const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n[3] ?? 1 }; };
	const over = (top, under) => top.rgb.map((v, i) => v * top.a + under[i] * (1 - top.a));
	const light = (rgb) => {
		const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const under = (e) => {
		if (!e) return [255, 255, 255];
		const c = parse(getComputedStyle(e).backgroundColor);
		return c.a === 1 ? c.rgb : over(c, under(e.parentElement));
	};
	const found = new Set();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walk.nextNode(); node; node = walk.nextNode()) {
		const e = node.parentElement, style = getComputedStyle(e);
		if (!node.data.trim() || !e.checkVisibility() || e.closest(".visually-hidden, .skip, script")) continue;
		const back = under(e), front = over(parse(style.color), back);
		const [a, b] = [light(front), light(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
		if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.add(ratio.toFixed(2) + " " + node.data.trim().slice(0, 40));
	}
	return [...found].join("\n");
})()`

// unnamed lists the elements that can be used and have no name for a screen reader.
const unnamed = `[...document.querySelectorAll("a, button, input:not([type=hidden]), summary, table, nav, dialog")].filter((e) =>
	!(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.innerText?.trim() || e.textContent.trim() ||
		[...(e.labels ?? [])].some((l) => l.textContent.trim()))).map((e) => e.outerHTML).join("\n")`

// TestAccessibility checks contrast and names on every page, in light and dark.
func TestAccessibility(t *testing.T) {
	d := supervise(t, variety)
	for name, state := range map[string]string{"clock": "RUNNING", "missing": "FATAL", "trying": "BACKOFF", "once": "EXITED"} {
		d.state(name, state)
	}
	b := newTab(t)
	for _, dark := range []bool{false, true} {
		b.dark(dark)
		for _, page := range []string{"", "?message=ERROR:%20x", "?message=done", "?state=fatal", "tail.html?processname=clock",
			"maintail.html"} {
			b.live(d.url + page)
			if page == "tail.html?processname=clock" {
				b.shows("#log", "tick")
			}
			if low := eval[string](b, contrast); low != "" {
				t.Errorf("dark %v, %q:\n%s", dark, page, low)
			}
			if without := eval[string](b, unnamed); without != "" {
				t.Errorf("%q, without a name:\n%s", page, without)
			}
		}
		b.open(d.url + "confirm.html?action=stopall")
		if low := eval[string](b, contrast); low != "" {
			t.Errorf("dark %v, confirmation:\n%s", dark, low)
		}
	}
	// A screen reader announces changes of state, but not logs; a table has column and row headers.
	b.live(d.url)
	if !eval[bool](b, `document.querySelector("#message").ariaLive === "polite" && document.querySelector("#announcer").ariaLive === "polite" &&
		document.querySelector("#live").role === "status" && document.querySelectorAll("th[scope=col]").length >= 7 &&
		document.querySelectorAll("th[scope=row]").length === 16 && document.documentElement.lang === "en"`) {
		t.Error("attributes for screen readers are missing")
	}
}
