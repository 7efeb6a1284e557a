// The one script of the web pages. Without it everything works through forms and addresses; with it the page stays up to
// date by itself, acts without being left, and shows logs as they grow. It makes no HTML of its own: rows and questions
// come from the server as it writes them, everything else is text.
"use strict";

document.documentElement.classList.add("js");

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// sign shows how the connection is: "on", "off" or "" for neither, and a word.
function sign(how, word) {
  const live = $("#live");
  if (live.className === "scripted " + how && $(".word", live).textContent === word) return;
  live.className = "scripted " + how;
  $(".word", live).textContent = word;
}

// say shows a message; one that tells of success goes by itself.
let saying;
function say(text, failed) {
  const box = $("#message");
  box.textContent = text;
  box.className = text === "" ? "hidden" : failed ? "status_msg failed" : "status_msg";
  clearTimeout(saying);
  if (text !== "" && !failed) saying = setTimeout(say, 10000, "");
}

// pageOf is a page of ours as a document.
async function pageOf(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!response.ok) throw new Error(`supervisord answered ${response.status} ${response.statusText}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// post asks for an action and shows what came of it. It returns whether it was done.
async function post(fields) {
  try {
    const response = await fetch("index.html", {
      method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(fields),
    });
    if (response.status === 403) {
      say("Nothing was done: this page was from before supervisord was started. It is up to date now; please try again.", true);
      await outdated();
      return false;
    }
    if (!response.ok) throw new Error(`supervisord answered ${response.status} ${response.statusText}`);
    const outcome = await response.json();
    say(outcome.message, outcome.failed);
    return !outcome.failed;
  } catch (problem) {
    say(`Nothing is known of the outcome: ${problem.message}`, true);
    return false;
  }
}

let outdated = async () => location.reload(); // what to do with a page from before a restart

// Questions: a link that asks first opens its page in a dialog.
async function ask(link) {
  let form;
  try {
    form = $("form.question", await pageOf(link.href));
  } catch (problem) {
    say(problem.message, true);
    return;
  }
  const dialog = $("#dialog");
  dialog.replaceChildren(document.adoptNode(form));
  dialog.addEventListener("close", () => { if (link.isConnected) link.focus(); }, { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link && plain && link.closest("dialog")) {
    event.preventDefault();
    $("#dialog").close();
  } else if (link && plain && "ask" in link.dataset) {
    event.preventDefault();
    ask(link);
  } else if (event.target.id === "message") {
    say("");
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  if (form.closest("dialog")) {
    $("#dialog").close();
    if (await post(fields)) acted(fields.get("action"));
    return;
  }
  const name = event.submitter.value, row = () => $(`tr[data-name="${CSS.escape(name)}"]`); // it may be replaced meanwhile
  row()?.setAttribute("aria-busy", "true");
  await post(fields);
  row()?.removeAttribute("aria-busy");
});

let acted = () => {}; // called after an action that was asked about

// typing tells whether a key belongs to a field or a dialog.
const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || $("#dialog").open ||
  event.target.closest("input:not([type=checkbox]), textarea, select");

/* The status page */

function statusPage() {
  let main, rows, skew, stream, retry, heard, latest;
  const open = new Set(); // rows on the screen, whose uptimes tick
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) { open.delete(e.target); continue; }
      open.add(e.target);
      tickRow(e.target, now());
    }
  });
  const now = () => Math.floor((Date.now() - skew) / 1000);

  // begin takes up the page that is shown.
  function begin() {
    main = $("main");
    skew = Date.now() - main.dataset.now * 1000;
    latest = main.dataset.since;
    rows = new Map();
    open.clear();
    seen.disconnect();
    for (const row of $$("tr[data-name]", main)) take(row);
    for (const section of $$("section", main)) {
      const fold = $("details", section);
      fold.open = !folded().includes(section.dataset.group);
      // Not at "toggle", which comes later: who leaves the page at once must find it as it was left.
      $("summary", fold).addEventListener("click", () => keepFolded(section.dataset.group, fold.open));
    }
    title();
  }

  function take(row) {
    rows.set(row.dataset.name, row);
    if (row.dataset.start) seen.observe(row);
  }

  // Folded groups stay folded in this browser.
  function folded() {
    try { return JSON.parse(localStorage.getItem("folded")) ?? []; } catch { return []; }
  }
  function keepFolded(group, yes) {
    const others = folded().filter((name) => name !== group);
    try { localStorage.setItem("folded", JSON.stringify(yes ? [...others, group] : others)); } catch { /* then not */ }
  }

  // The filter
  const filter = () => new URLSearchParams(location.search);
  function look(name, value) {
    const wanted = filter();
    wanted.delete("message");
    if (value) wanted.set(name, value); else wanted.delete(name);
    history.replaceState(null, "", "./" + (wanted.size ? "?" + wanted : ""));
    sift();
  }
  function sift() {
    const wanted = filter(), state = wanted.get("state") ?? "", name = (wanted.get("q") ?? "").trim().toLowerCase();
    let any = false;
    for (const section of $$("section", main)) {
      let shown = false;
      for (const row of $$("tr[data-name]", section)) {
        row.hidden = !row.dataset.name.toLowerCase().includes(name) || (state !== "" && stateOf(row) !== state);
        shown ||= !row.hidden;
      }
      section.hidden = !shown;
      any ||= shown;
    }
    $("#nothing").hidden = any || rows.size === 0;
    for (const link of $$("#states a")) {
      if (link.dataset.state === state) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }
  document.addEventListener("input", (event) => { if (event.target.id === "q") look("q", event.target.value); });
  document.addEventListener("submit", (event) => { if (event.target.id === "filter") event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#states a, #nothing a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.closest("#nothing")) {
      $("#q").value = "";
      history.replaceState(null, "", "./");
      sift();
      $("#q").focus();
    } else {
      look("state", link.dataset.state);
    }
  });

  // Counts by state
  const order = ["fatal", "backoff", "unknown", "starting", "running", "stopping", "exited", "stopped"];
  const stateOf = (row) => row.cells[1].firstChild.textContent;
  function tally(list) {
    const number = new Map();
    for (const row of list) number.set(stateOf(row), (number.get(stateOf(row)) ?? 0) + 1);
    return order.filter((state) => number.has(state)).map((state) => [state, number.get(state)]);
  }
  const element = (tag, className, ...content) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };
  function count(sections) {
    for (const section of sections) {
      const parts = tally($$("tr[data-name]", section)).map(([state, n]) =>
        element("span", state, element("b", "", String(n)), " " + state));
      $(".counts", section).replaceChildren(...parts.flatMap((part, i) => i ? [", ", part] : [part]));
    }
    const list = $("#states"), focused = list.contains(document.activeElement) ? document.activeElement.dataset.state : null;
    const wanted = filter().get("state") ?? "";
    const all = [["", rows.size], ...tally(rows.values())];
    if (!all.some(([state]) => state === wanted)) all.push([wanted, 0]);
    list.replaceChildren(...all.map(([state, n]) => {
      const link = element("a", "", element("span", "dot " + state), (state || "all") + " ", element("b", "", String(n)));
      link.dataset.state = state;
      const to = filter();
      to.delete("message");
      if (state) to.set("state", state); else to.delete("state");
      link.href = "./?" + to;
      if (state === wanted) link.setAttribute("aria-current", "true");
      return element("li", "", link);
    }));
    if (focused !== null) $$("a", list).find((link) => link.dataset.state === focused)?.focus();
    title();
  }
  function title() {
    const broken = $$(".statuserror", main).length;
    document.title = (broken ? `(${broken}) ` : "") + "Supervisor Status";
  }

  // News: rows as the server writes them, one a line, behind the time they are from.
  function news(event) {
    const [time, ...lines] = event.data.split("\n");
    skew = Date.now() - time * 1000;
    latest = event.lastEventId;
    if (lines.length === 0) return;
    const made = document.createElement("template");
    made.innerHTML = "<table><tbody>" + lines.join("") + "</tbody></table>";
    const sections = new Set(), worse = [];
    for (const row of $$("tr", made.content)) {
      const old = rows.get(row.dataset.name);
      if (!old) continue;
      const focus = old.contains(document.activeElement) ? document.activeElement : null;
      if (stateOf(row) === "fatal" && stateOf(old) !== "fatal") worse.push(row.dataset.name);
      seen.unobserve(old);
      open.delete(old);
      if (old.hasAttribute("aria-busy")) row.setAttribute("aria-busy", "true");
      old.replaceWith(row);
      take(row);
      sections.add(row.closest("section"));
      if (focus) (focus.name && $(`[name="${focus.name}"]`, row) || $("th a", row)).focus();
    }
    count(sections);
    sift();
    if (worse.length) $("#news").textContent = worse.slice(0, 5).join(", ") + ": fatal";
  }

  // The connection. The browser itself connects again after a loss, but not after an answer that is no stream.
  function connect() {
    clearTimeout(retry);
    stream?.close();
    if (document.hidden) return;
    stream = new EventSource(`events?life=${main.dataset.life}&layout=${main.dataset.layout}&since=${latest}`);
    const here = stream;
    const hear = () => { heard = Date.now(); sign("on", "Live"); };
    stream.onopen = hear;
    stream.onmessage = (event) => { hear(); news(event); };
    stream.addEventListener("beat", hear);
    stream.addEventListener("reload", () => {
      here.close();
      outdated().catch(() => { retry = setTimeout(connect, 2000); });
    });
    stream.onerror = () => {
      sign("off", "Connection lost");
      if (here.readyState === EventSource.CLOSED) retry = setTimeout(connect, 2000);
    };
  }

  // outdated gets the page anew and keeps what the user has of it.
  outdated = async () => {
    const page = await pageOf(location.href);
    const focus = document.activeElement, value = $("#q").value, row = focus?.closest?.("tr")?.dataset.name;
    const message = $("#message");
    const next = document.adoptNode($("main", page));
    $("#message", next).replaceWith(message);
    main.replaceWith(next);
    begin();
    $("#q").value = value;
    sift();
    if (focus?.id === "q") $("#q").focus();
    else if (row && rows.has(row)) $("th a", rows.get(row)).focus();
    connect();
  };

  // Time
  function uptime(seconds) {
    seconds = Math.max(0, seconds);
    const days = Math.floor(seconds / 86400), two = (n) => String(n).padStart(2, "0");
    return (days ? `${days} day${days > 1 ? "s" : ""}, ` : "") +
      `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }
  function tickRow(row, at) {
    const text = uptime(at - row.dataset.start), cell = row.cells[3];
    if (cell.textContent !== text) cell.textContent = text;
  }
  function tick() {
    if (document.hidden) return;
    if ($("#live.on")) { // else we know nothing of now
      const at = now();
      for (const row of open) tickRow(row, at);
      $("#uptime").textContent = uptime(at - main.dataset.started);
    }
    if (Date.now() - heard > 40000 && stream?.readyState === EventSource.OPEN) { // the beat is missing
      sign("off", "Connection lost");
      connect();
    }
  }

  // Keys
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "q") {
      event.target.value = "";
      look("q", "");
      return;
    }
    if (typing(event)) return;
    const row = event.target.closest("tr[data-name]");
    const move = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const button = { s: "start", r: "restart", x: "stop" }[event.key];
    if (event.key === "/") {
      $("#q").select();
      $("#q").focus();
    } else if (move && (row || event.key.length === 1)) {
      const links = $$("tr[data-name]:not([hidden]) th a", main).filter((link) => link.checkVisibility());
      const at = links.findIndex((link) => link.closest("tr") === row);
      links[at < 0 ? (move > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + move))]?.focus();
    } else if (button && row) {
      $(`button[name="${button}"]`, row)?.click();
    } else if (event.key === "f" && event.target.closest("section")) {
      const summary = $("summary", event.target.closest("section"));
      summary.click();
      summary.focus();
    } else {
      return;
    }
    event.preventDefault();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stream?.close(); else connect();
  });
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

  const announcer = element("div", "unseen");
  announcer.id = "news";
  announcer.setAttribute("aria-live", "polite");
  document.body.append(announcer);
  begin();
  connect();
  setInterval(tick, 1000);
}

/* Logs */

const keptLines = 5000, keptChars = 4 << 20, longestLine = 16384, waitingChars = 1 << 20;

function logPage() {
  const log = $("#log"), stream = $("main").dataset.stream, isMain = stream === "mainlogtail";
  const follow = $("#follow"), search = $("#q");
  let paused = false, waiting = "", frame = 0; // what has come and is not shown yet
  let line, style = new Map(), rest = "", returned = false, chars = 0, lines = 0, lastTop = 0;

  // Text comes at any speed; it is shown once a frame, and what cannot wait any longer is dropped at its beginning.
  function feed(text) {
    waiting += text;
    if (waiting.length > waitingChars) waiting = waiting.slice(-waitingChars);
    if (paused) {
      sign("", `Paused, ${waiting.split("\n").length - 1} new lines`);
    } else if (!frame) {
      frame = requestAnimationFrame(show);
    }
  }
  function show() {
    frame = 0;
    const text = waiting;
    waiting = "";
    write(text);
    while (lines > keptLines || chars > keptChars) {
      chars -= log.firstChild.textContent.length;
      log.firstChild.remove();
      lines--;
    }
    if (follow.checked) toEnd();
    $("#end").hidden = follow.checked;
    count();
  }
  function toEnd() {
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
  }

  // write appends text, which may end anywhere, also within a terminal sequence.
  const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\^-~])|\r|\n/g;
  const unfinished = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,4096}\x1b?|[ -/]*)?$/;
  function write(text) {
    text = rest + text;
    rest = "";
    const cut = text.search(unfinished);
    if (cut >= 0) {
      rest = text.slice(cut);
      text = text.slice(0, cut);
    }
    const fresh = document.createDocumentFragment(), touched = new Set(line ? [line] : []);
    const end = () => { line = undefined; };
    const put = (part) => {
      if (part === "") return;
      if (returned && line) { // a lone return writes over the line
        chars -= line.textContent.length;
        line.replaceChildren();
      }
      returned = false;
      for (let at = 0; at < part.length;) {
        if (!line) begin();
        const room = longestLine - line.textContent.length;
        if (room <= 0) { end(); continue; }
        const piece = part.slice(at, at + room);
        line.append(styled(piece));
        chars += piece.length;
        at += piece.length;
      }
    };
    const begin = () => {
      line = document.createElement("div");
      fresh.append(line);
      touched.add(line);
      lines++;
    };
    let at = 0;
    for (const found of text.matchAll(sequence)) {
      put(text.slice(at, found.index));
      at = found.index + found[0].length;
      if (found[0] === "\n") {
        if (!line) begin();
        returned = false;
        end();
      } else if (found[0] === "\r") {
        returned = true;
      } else if (found[2] === "m") {
        style = restyle(style, found[1]);
      }
    }
    put(text.slice(at));
    for (const one of touched) classify(one);
    log.append(fresh);
  }
  function classify(one) {
    const level = isMain && / (CRIT|ERRO|WARN) /.exec(one.textContent.slice(0, 32));
    one.classList.toggle("bad", level && level[1] !== "WARN");
    one.classList.toggle("warn", level && level[1] === "WARN");
    if (one.textContent === "==> File truncated <==") one.classList.add("note");
    match(one);
  }
  const styled = (text) => {
    if (style.size === 0) return document.createTextNode(text);
    const span = document.createElement("span");
    span.textContent = text;
    for (const [key, value] of style) {
      if (key === "color" || key === "background") span.style.setProperty(key, value); else span.classList.add(value);
    }
    return span;
  };

  // The search
  let hits = [], here = -1;
  const wanted = () => search.value.toLowerCase();
  function match(one) {
    const hit = wanted() !== "" && one.textContent.toLowerCase().includes(wanted());
    one.classList.toggle("hit", hit);
  }
  function count() {
    const current = hits[here];
    hits = wanted() === "" ? [] : $$(".hit", log);
    here = hits.indexOf(current);
    if (here < 0) current?.classList.remove("here");
    $("#matches").textContent = wanted() === "" ? "" : here < 0 ? `${hits.length} found` : `${here + 1} of ${hits.length}`;
    mark();
  }
  // mark marks the words themselves where the browser can do so without changing the text.
  function mark() {
    if (!("highlights" in CSS)) return;
    const ranges = [];
    for (const hit of hits.slice(-1000)) {
      const walk = document.createTreeWalker(hit, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue; // letters that become two
        for (let at = text.indexOf(wanted()); at >= 0; at = text.indexOf(wanted(), at + wanted().length)) {
          ranges.push(new StaticRange({
            startContainer: node, startOffset: at, endContainer: node, endOffset: at + wanted().length,
          }));
        }
      }
    }
    CSS.highlights.set("match", new Highlight(...ranges));
  }
  function go(step) {
    if (hits.length === 0) return;
    hits[here]?.classList.remove("here");
    here = here < 0 ? (step > 0 ? 0 : hits.length - 1) : (here + step + hits.length) % hits.length;
    hits[here].classList.add("here");
    follow.checked = false;
    $("#end").hidden = false;
    hits[here].scrollIntoView({ block: "center" });
    lastTop = log.scrollTop;
    count();
  }
  search.addEventListener("input", () => {
    hits[here]?.classList.remove("here");
    here = -1;
    for (const one of log.children) match(one);
    count();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") {
      search.value = "";
      search.dispatchEvent(new Event("input"));
    }
  });
  $("#next").addEventListener("click", () => go(1));
  $("#previous").addEventListener("click", () => go(-1));
  $("#only").addEventListener("change", (event) => {
    log.classList.toggle("only", event.target.checked);
    if (follow.checked) toEnd();
  });

  // The view
  $("#wrap").addEventListener("change", (event) => {
    log.classList.toggle("wrap", event.target.checked);
    if (follow.checked) toEnd();
  });
  follow.addEventListener("change", () => {
    $("#end").hidden = follow.checked;
    if (follow.checked) toEnd();
  });
  $("#end").addEventListener("click", () => {
    follow.checked = true;
    $("#end").hidden = true;
    toEnd();
    log.focus();
  });
  log.addEventListener("scroll", () => {
    if (log.scrollTop < lastTop - 2) follow.checked = false; // only the user goes back
    else if (log.scrollHeight - log.scrollTop - log.clientHeight < 4) follow.checked = true;
    lastTop = log.scrollTop;
    $("#end").hidden = follow.checked;
  });
  $("#pause").addEventListener("click", pause);
  function pause() {
    paused = !paused;
    $("#pause").setAttribute("aria-pressed", String(paused));
    $("#pause").textContent = paused ? "Resume" : "Pause";
    if (paused) {
      cancelAnimationFrame(frame);
      frame = 0;
      sign("", "Paused");
    } else {
      sign("on", "Following");
      feed("");
    }
  }
  document.addEventListener("keydown", (event) => {
    if (typing(event)) return;
    if (event.key === "/") {
      search.select();
      search.focus();
    } else if (event.key === "p" && stream) {
      pause();
    } else {
      return;
    }
    event.preventDefault();
  });

  function empty() {
    log.replaceChildren();
    line = undefined;
    [style, rest, waiting, returned, chars, lines] = [new Map(), "", "", false, 0, 0];
  }
  acted = (action) => { if (action === "clearlog") empty(); };

  // The stream begins with the end of the log, so after a loss the log is shown anew.
  async function read() {
    for (;;) {
      try {
        const response = await fetch(`${stream}?limit=262144`, { cache: "no-store" });
        if (!response.ok) throw new Error(response.statusText);
        empty();
        if (!paused) sign("on", "Following");
        const decoder = new TextDecoder(), reader = response.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          feed(decoder.decode(value, { stream: true }));
        }
      } catch { /* it is the same to us how it ended */ }
      sign("off", "Connection lost");
      await new Promise((again) => { setTimeout(again, 2000); });
    }
  }
  if (stream) read(); else sign("", "No log");
}

// restyle is a style after a "select graphic rendition" sequence with these parameters. A style maps what it changes to a
// class, and colours that have no class to themselves.
function restyle(style, parameters) {
  const next = new Map(style), codes = parameters.split(/[;:]/).map(Number);
  const simple = { 1: ["bold"], 2: ["faint"], 3: ["italic"], 4: ["underline"], 7: ["inverse"], 8: ["conceal"], 9: ["strike"] };
  const off = { 22: ["bold", "faint"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 28: ["conceal"], 29: ["strike"] };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i], ground = { 3: "a", 9: "a", 4: "b", 10: "b" }[Math.floor(code / 10)], digit = code % 10;
    const colour = ground === "a" ? ["foreground", "color"] : ["behind", "background"];
    if (code === 0) next.clear();
    else if (simple[code]) next.set(simple[code][0], "a-" + simple[code][0]);
    else if (off[code]) for (const key of off[code]) next.delete(key);
    else if (ground && digit < 8) {
      next.delete(colour[1]);
      next.set(colour[0], ground + digit);
    } else if (ground && digit === 9) {
      for (const key of colour) next.delete(key);
    } else if (code === 38 || code === 48) {
      next.delete(colour[0]);
      next.delete(colour[1]);
      if (codes[i + 1] === 5) {
        const palette = codes[i + 2];
        if (palette < 16) next.set(colour[0], ground + palette % 8); else next.set(colour[1], paletteColour(palette));
        i += 2;
      } else if (codes[i + 1] === 2) {
        next.set(colour[1], `rgb(${codes.slice(i + 2, i + 5).map((c) => c & 255).join(" ")})`);
        i += 4;
      }
    }
  }
  return next;
}

// paletteColour is a colour of the 240 behind the first 16: a cube, and greys.
function paletteColour(n) {
  if (n >= 232) return `rgb(${Array(3).fill(8 + (n - 232) * 10).join(" ")})`;
  const level = (v) => v === 0 ? 0 : 55 + v * 40;
  n -= 16;
  return `rgb(${level(Math.floor(n / 36))} ${level(Math.floor(n / 6) % 6)} ${level(n % 6)})`;
}

if (document.body.id === "status") statusPage();
if (document.body.id === "tail") logPage();
