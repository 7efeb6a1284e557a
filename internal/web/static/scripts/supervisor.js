// The script of the web pages. They work without it, through forms and links; with it, a page is updated, actions do not
// leave it, and logs are streamed. HTML comes from the server only: rows, confirmation forms and pages. Everything else is
// inserted as text.
"use strict";

document.documentElement.classList.add("js");

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// showConnection shows the state of the connection, "on", "off" or "" for neither, and a text.
function showConnection(state, text) {
  const live = $("#live");
  if (live.className === "js-only " + state && $(".word", live).textContent === text) return;
  live.className = "js-only " + state;
  $(".word", live).textContent = text;
}

// showMessage shows a message. It is hidden again after a while, unless it is about a failure.
let messageTimer;
function showMessage(text, failed) {
  const box = $("#message");
  box.textContent = text;
  box.className = text === "" ? "hidden" : failed ? "status_msg failed" : "status_msg";
  clearTimeout(messageTimer);
  if (text !== "" && !failed) messageTimer = setTimeout(showMessage, 10000, "");
}

// fetchPage returns a page of this site as a document.
async function fetchPage(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!response.ok) throw new Error(`supervisord responded with ${response.status} ${response.statusText}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// postAction requests an action and shows its result. It returns whether the action succeeded.
async function postAction(fields) {
  try {
    const response = await fetch("index.html", {
      method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(fields),
    });
    const isOutcome = response.headers.get("Content-Type") === "application/json"; // also if the user may not do that
    if (response.status === 403 && !isOutcome) {
      showMessage("No action was taken: supervisord was restarted, and the page is updated now. Please try again.", true);
      await reloadPage();
      return false;
    }
    if (!response.ok && !isOutcome) throw new Error(`supervisord responded with ${response.status} ${response.statusText}`);
    const outcome = await response.json();
    showMessage(outcome.message, outcome.failed);
    return !outcome.failed;
  } catch (error) {
    showMessage(`The result is unknown: ${error.message}`, true);
    return false;
  }
}

let reloadPage = async () => location.reload(); // after a restart of supervisord

// confirmInDialog shows the confirmation form of a link in a dialog.
async function confirmInDialog(link) {
  let form;
  try {
    form = $("form.question", await fetchPage(link.href));
  } catch (error) {
    showMessage(error.message, true);
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
  } else if (link && plain && "confirm" in link.dataset) {
    event.preventDefault();
    confirmInDialog(link);
  } else if (event.target.id === "message") {
    showMessage("");
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  if (form.closest("dialog")) {
    $("#dialog").close();
    if (await postAction(fields)) afterAction(fields.get("action"));
    return;
  }
  const name = event.submitter.value, row = () => $(`tr[data-name="${CSS.escape(name)}"]`); // an update may replace it
  row()?.setAttribute("aria-busy", "true");
  await postAction(fields);
  row()?.removeAttribute("aria-busy");
});

let afterAction = () => {}; // called after an action that was confirmed in the dialog

// typing returns whether a key event belongs to a field or the dialog.
const typing = (event) => event.ctrlKey || event.metaKey || event.altKey || $("#dialog").open ||
  event.target.closest("input:not([type=checkbox]), textarea, select");

/* The status page */

function statusPage() {
  let main, rows, skew, stream, retry, lastEvent, latest;
  const visible = new Set(); // running rows on the screen, whose uptimes are updated
  const observer = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) { visible.delete(e.target); continue; }
      visible.add(e.target);
      showUptime(e.target, now());
    }
  });
  const now = () => Math.floor((Date.now() - skew) / 1000);

  // init reads the page in the document.
  function init() {
    main = $("main");
    skew = Date.now() - main.dataset.now * 1000;
    latest = main.dataset.since;
    rows = new Map();
    visible.clear();
    observer.disconnect();
    for (const row of $$("tr[data-name]", main)) addRow(row);
    for (const section of $$("section", main)) {
      const fold = $("details", section);
      fold.open = !folded().includes(section.dataset.group);
      // Not at "toggle", which comes later: the user may leave the page at once.
      $("summary", fold).addEventListener("click", () => saveFolded(section.dataset.group, fold.open));
    }
    showTitle();
  }

  function addRow(row) {
    rows.set(row.dataset.name, row);
    if (row.dataset.start) observer.observe(row);
  }

  // Folded groups stay folded in this browser.
  function folded() {
    try { return JSON.parse(localStorage.getItem("folded")) ?? []; } catch { return []; }
  }
  function saveFolded(group, yes) {
    const others = folded().filter((name) => name !== group);
    try { localStorage.setItem("folded", JSON.stringify(yes ? [...others, group] : others)); } catch { /* not saved */ }
  }

  // The filter
  const filter = () => new URLSearchParams(location.search);
  function setFilter(name, value) {
    const wanted = filter();
    wanted.delete("message");
    if (value) wanted.set(name, value); else wanted.delete(name);
    history.replaceState(null, "", "./" + (wanted.size ? "?" + wanted : ""));
    applyFilter();
  }
  function applyFilter() {
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
  document.addEventListener("input", (event) => { if (event.target.id === "q") setFilter("q", event.target.value); });
  document.addEventListener("submit", (event) => { if (event.target.id === "filter") event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#states a, #nothing a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.closest("#nothing")) {
      $("#q").value = "";
      history.replaceState(null, "", "./");
      applyFilter();
      $("#q").focus();
    } else {
      setFilter("state", link.dataset.state);
    }
  });

  // Counts by state
  const order = ["fatal", "backoff", "unknown", "starting", "running", "stopping", "exited", "stopped"];
  const stateOf = (row) => row.cells[1].firstChild.textContent;
  function countStates(list) {
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
  function showCounts(sections) {
    for (const section of sections) {
      const parts = countStates($$("tr[data-name]", section)).map(([state, n]) =>
        element("span", state, element("b", "", String(n)), " " + state));
      $(".counts", section).replaceChildren(...parts.flatMap((part, i) => i ? [", ", part] : [part]));
    }
    const list = $("#states"), focused = list.contains(document.activeElement) ? document.activeElement.dataset.state : null;
    const wanted = filter().get("state") ?? "";
    const all = [["", rows.size], ...countStates(rows.values())];
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
    showTitle();
  }
  function showTitle() {
    const failed = $$(".statuserror", main).length;
    document.title = (failed ? `(${failed}) ` : "") + "Supervisor Status";
  }

  // update handles an event with the time of the rows, and the rows as HTML, one a line.
  function update(event) {
    const [time, ...lines] = event.data.split("\n");
    skew = Date.now() - time * 1000;
    latest = event.lastEventId;
    if (lines.length === 0) return;
    const made = document.createElement("template");
    made.innerHTML = "<table><tbody>" + lines.join("") + "</tbody></table>";
    const sections = new Set(), failed = [];
    for (const row of $$("tr", made.content)) {
      const old = rows.get(row.dataset.name);
      if (!old) continue;
      const focus = old.contains(document.activeElement) ? document.activeElement : null;
      if (stateOf(row) === "fatal" && stateOf(old) !== "fatal") failed.push(row.dataset.name);
      observer.unobserve(old);
      visible.delete(old);
      if (old.hasAttribute("aria-busy")) row.setAttribute("aria-busy", "true");
      old.replaceWith(row);
      addRow(row);
      sections.add(row.closest("section"));
      if (focus) (focus.name && $(`[name="${focus.name}"]`, row) || $("th a", row)).focus();
    }
    showCounts(sections);
    applyFilter();
    if (failed.length) $("#announcer").textContent = failed.slice(0, 5).join(", ") + ": fatal";
  }

  // The connection. The browser reconnects after a loss, but not after a response that is not a stream.
  function connect() {
    clearTimeout(retry);
    stream?.close();
    if (document.hidden) return;
    stream = new EventSource(`events?instance=${main.dataset.instance}&layout=${main.dataset.layout}&since=${latest}`);
    const current = stream;
    const received = () => { lastEvent = Date.now(); showConnection("on", "Live"); };
    stream.onopen = received;
    stream.onmessage = (event) => { received(); update(event); };
    stream.addEventListener("keepalive", received);
    stream.addEventListener("reload", () => {
      current.close();
      reloadPage().catch(() => { retry = setTimeout(connect, 2000); });
    });
    stream.onerror = () => {
      showConnection("off", "Connection lost");
      if (current.readyState === EventSource.CLOSED) retry = setTimeout(connect, 2000);
    };
  }

  // reloadPage fetches the page again and keeps the focus, the filter and the message.
  reloadPage = async () => {
    const page = await fetchPage(location.href);
    const focus = document.activeElement, value = $("#q").value, row = focus?.closest?.("tr")?.dataset.name;
    const message = $("#message");
    const next = document.adoptNode($("main", page));
    $("#message", next).replaceWith(message);
    main.replaceWith(next);
    init();
    $("#q").value = value;
    applyFilter();
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
  function showUptime(row, at) {
    const text = uptime(at - row.dataset.start), cell = row.cells[3];
    if (cell.textContent !== text) cell.textContent = text;
  }
  function tick() {
    if (document.hidden) return;
    if ($("#live.on")) { // otherwise the state is unknown
      const at = now();
      for (const row of visible) showUptime(row, at);
      $("#uptime").textContent = uptime(at - main.dataset.started);
    }
    if (Date.now() - lastEvent > 40000 && stream?.readyState === EventSource.OPEN) { // no keepalive
      showConnection("off", "Connection lost");
      connect();
    }
  }

  // Keys
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "q") {
      event.target.value = "";
      setFilter("q", "");
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

  const announcer = element("div", "visually-hidden");
  announcer.id = "announcer";
  announcer.setAttribute("aria-live", "polite");
  document.body.append(announcer);
  init();
  connect();
  setInterval(tick, 1000);
}

/* Logs */

const maxLines = 5000, maxChars = 4 << 20, maxLineChars = 16384, maxPendingChars = 1 << 20;

function logPage() {
  const log = $("#log"), stream = $("main").dataset.stream, isMain = stream === "mainlogtail";
  const follow = $("#follow"), search = $("#q");
  let paused = false, pending = "", frame = 0; // pending text was received and is not shown yet
  let line, style = new Map(), rest = "", returned = false, chars = 0, lines = 0, lastTop = 0;

  // feed takes received text. It is shown once a frame; beyond the limit the oldest pending text is dropped.
  function feed(text) {
    pending += text;
    if (pending.length > maxPendingChars) pending = pending.slice(-maxPendingChars);
    if (paused) {
      showConnection("", `Paused, ${pending.split("\n").length - 1} new lines`);
    } else if (!frame) {
      frame = requestAnimationFrame(show);
    }
  }
  function show() {
    frame = 0;
    const text = pending;
    pending = "";
    write(asText(text));
    while (lines > maxLines || chars > maxChars) {
      chars -= log.firstChild.textContent.length;
      log.firstChild.remove();
      lines--;
    }
    if (follow.checked) scrollToEnd();
    $("#end").hidden = follow.checked;
    showMatches();
  }
  function scrollToEnd() {
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
  }

  // asText returns received text with records in JSON as text. The beginning of a record is held back until its end comes.
  const raw = "raw" in $("main").dataset, recordBegin = '{"time":"';
  let held = "", atStart = true;
  function asText(text) {
    if (raw || isMain) return text;
    text = held + text;
    held = "";
    let shown = "";
    while (text !== "") {
      const end = text.indexOf("\n"), isRecord = atStart && (text.startsWith(recordBegin) || recordBegin.startsWith(text));
      if (isRecord && end < 0 && text.length < maxPendingChars) {
        held = text;
        break;
      }
      const part = end < 0 ? text : text.slice(0, end);
      shown += (isRecord && end >= 0 ? readable(part) : part) + (end < 0 ? "" : "\n");
      atStart = end >= 0;
      text = end < 0 ? "" : text.slice(end + 1);
    }
    return shown;
  }

  // write appends text to the page. It may end within a terminal sequence.
  const sequence = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\^-~])|\r|\n/g;
  const unfinished = /\x1b(?:\[[0-?]{0,256}[ -/]{0,16}|\][^\x07\x1b]{0,4096}\x1b?|[ -/]{0,16})?$/; // longer ones are text
  function write(text) {
    text = rest + text;
    rest = "";
    const cut = text.search(unfinished);
    if (cut >= 0) {
      rest = text.slice(cut);
      text = text.slice(0, cut);
    }
    const fresh = document.createDocumentFragment(), touched = new Set(line ? [line] : []);
    const endLine = () => { line = undefined; };
    const put = (part) => {
      if (part === "") return;
      if (returned && line) { // a carriage return alone: the line is overwritten
        chars -= line.textContent.length;
        line.replaceChildren();
      }
      returned = false;
      for (let at = 0; at < part.length;) {
        if (!line) beginLine();
        const space = maxLineChars - line.textContent.length;
        if (space <= 0) { endLine(); continue; }
        const piece = part.slice(at, at + space);
        line.append(styled(piece));
        chars += piece.length;
        at += piece.length;
      }
    };
    const beginLine = () => {
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
        if (!line) beginLine();
        returned = false;
        endLine();
      } else if (found[0] === "\r") {
        returned = true;
      } else if (found[2] === "m") {
        style = restyle(style, found[1]);
      }
    }
    put(text.slice(at));
    for (const changed of touched) classify(changed);
    log.append(fresh);
  }
  function classify(line) {
    const level = isMain && / (CRIT|ERRO|WARN) /.exec(line.textContent.slice(0, 32));
    line.classList.toggle("bad", level && level[1] !== "WARN");
    line.classList.toggle("warn", level && level[1] === "WARN");
    if (line.textContent === "==> File truncated <==") line.classList.add("note");
    match(line);
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
  let hits = [], current = -1; // the lines that match, and the index of the one the user has gone to
  const query = () => search.value.toLowerCase();
  function match(line) {
    const hit = query() !== "" && line.textContent.toLowerCase().includes(query());
    line.classList.toggle("hit", hit);
  }
  function showMatches() {
    const before = hits[current];
    hits = query() === "" ? [] : $$(".hit", log);
    current = hits.indexOf(before);
    if (current < 0) before?.classList.remove("here");
    $("#matches").textContent = query() === "" ? "" : current < 0 ? `${hits.length} found` : `${current + 1} of ${hits.length}`;
    highlight();
  }
  // highlight highlights the matching text, in browsers that can do so without changing the document.
  function highlight() {
    if (!("highlights" in CSS)) return;
    const ranges = [];
    for (const hit of hits.slice(-1000)) {
      const walk = document.createTreeWalker(hit, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue; // lower case has another length
        for (let at = text.indexOf(query()); at >= 0; at = text.indexOf(query(), at + query().length)) {
          ranges.push(new StaticRange({
            startContainer: node, startOffset: at, endContainer: node, endOffset: at + query().length,
          }));
        }
      }
    }
    CSS.highlights.set("match", new Highlight(...ranges));
  }
  function go(step) {
    if (hits.length === 0) return;
    hits[current]?.classList.remove("here");
    current = current < 0 ? (step > 0 ? 0 : hits.length - 1) : (current + step + hits.length) % hits.length;
    hits[current].classList.add("here");
    follow.checked = false;
    $("#end").hidden = false;
    hits[current].scrollIntoView({ block: "center" });
    lastTop = log.scrollTop;
    showMatches();
  }
  search.addEventListener("input", () => {
    hits[current]?.classList.remove("here");
    current = -1;
    for (const line of log.children) match(line);
    showMatches();
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
    if (follow.checked) scrollToEnd();
  });

  // The view
  $("#wrap").addEventListener("change", (event) => {
    log.classList.toggle("wrap", event.target.checked);
    if (follow.checked) scrollToEnd();
  });
  follow.addEventListener("change", () => {
    $("#end").hidden = follow.checked;
    if (follow.checked) scrollToEnd();
  });
  $("#end").addEventListener("click", () => {
    follow.checked = true;
    $("#end").hidden = true;
    scrollToEnd();
    log.focus();
  });
  log.addEventListener("scroll", () => {
    if (log.scrollTop < lastTop - 2) follow.checked = false; // only the user scrolls up
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
      showConnection("", "Paused");
    } else {
      showConnection("on", "Following");
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

  function clear() {
    log.replaceChildren();
    line = undefined;
    [style, rest, pending, returned, chars, lines] = [new Map(), "", "", false, 0, 0];
    [held, atStart] = ["", true];
  }
  afterAction = (action) => { if (action === "clearlog") clear(); };

  // read follows the log. The stream begins with the end of the log, so the page is cleared after a reconnect.
  async function read() {
    for (;;) {
      try {
        const response = await fetch(`${stream}?limit=262144`, { cache: "no-store" });
        if (!response.ok) throw new Error(response.statusText);
        clear();
        if (!paused) showConnection("on", "Following");
        const decoder = new TextDecoder(), reader = response.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          feed(decoder.decode(value, { stream: true }));
        }
      } catch { /* reconnect, whatever the error */ }
      showConnection("off", "Connection lost");
      await new Promise((again) => { setTimeout(again, 2000); });
    }
  }
  if (stream) read(); else showConnection("", "No log");
}

// readable returns a line of a log as text if it is a record of ours in JSON, else as it is.
function readable(line) {
  let record;
  try { record = JSON.parse(line); } catch { return line; }
  const { time, group, channel, message, data, partial, event } = record;
  if (typeof group !== "string" || typeof channel !== "string" || message === undefined && data === undefined) return line;
  const mark = event ? "# " : partial ? "+ " : "";
  return `${time.slice(0, 10)} ${time.slice(11, 19)},${time.slice(20, 23)} ${mark}${message ?? JSON.stringify(data)}`;
}

// restyle returns a style after an SGR sequence (select graphic rendition) with these parameters. A style maps each property to
// a class, and colors without a class to their value.
function restyle(style, parameters) {
  const next = new Map(style), codes = parameters.split(/[;:]/).map(Number);
  const simple = { 1: ["bold"], 2: ["faint"], 3: ["italic"], 4: ["underline"], 7: ["inverse"], 8: ["conceal"], 9: ["strike"] };
  const off = { 22: ["bold", "faint"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 28: ["conceal"], 29: ["strike"] };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i], ground = { 3: "a", 9: "a", 4: "b", 10: "b" }[Math.floor(code / 10)], digit = code % 10;
    const keys = ground === "a" ? ["foreground", "color"] : ["behind", "background"];
    if (code === 0) next.clear();
    else if (simple[code]) next.set(simple[code][0], "a-" + simple[code][0]);
    else if (off[code]) for (const key of off[code]) next.delete(key);
    else if (ground && digit < 8) {
      next.delete(keys[1]);
      next.set(keys[0], ground + digit);
    } else if (ground && digit === 9) {
      for (const key of keys) next.delete(key);
    } else if (code === 38 || code === 48) {
      next.delete(keys[0]);
      next.delete(keys[1]);
      if (codes[i + 1] === 5) {
        const palette = codes[i + 2];
        if (palette < 16) next.set(keys[0], ground + palette % 8); else next.set(keys[1], paletteColor(palette));
        i += 2;
      } else if (codes[i + 1] === 2) {
        next.set(keys[1], `rgb(${codes.slice(i + 2, i + 5).map((c) => c & 255).join(" ")})`);
        i += 4;
      }
    }
  }
  return next;
}

// paletteColor returns one of the 240 colors after the first 16: a color cube, and grays.
function paletteColor(n) {
  if (n >= 232) return `rgb(${Array(3).fill(8 + (n - 232) * 10).join(" ")})`;
  const level = (v) => v === 0 ? 0 : 55 + v * 40;
  n -= 16;
  return `rgb(${level(Math.floor(n / 36))} ${level(Math.floor(n / 6) % 6)} ${level(n % 6)})`;
}

if (document.body.id === "status") statusPage();
if (document.body.id === "tail") logPage();
