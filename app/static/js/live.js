// Live: an open page hears that something changed, looks at its own address again, and takes over what differs.
// What it hears is a topic and no more. Others may listen: the document's event "live" {topic}, where "*" is everything, and
// "live:fresh" after the page has taken over what is new.
//   data-topics="cases orders"    on an element: what is in it listens for these
//   data-live="replace"           with an id: it becomes its new self, unless somebody is in it
//   data-live="rows"              on a list or a table: its rows, each with a data-key, keep their place; new rows are counted into [data-live-new]
//   data-live-every="10"          it is looked at again every so many seconds
(() => {
  "use strict";

  const sign = document.getElementById("live");
  if (!sign || !window.EventSource || !window.fetch) return;

  const { _, _n } = window;
  const START = 1000, HIDDEN = 5000, SOON = 2000, LATER = 15000, POLL = 10000, LONGEST = 120000, SILENT = 45000, TRY = 60000;
  const EVERYTHING = "*";
  let place = sign.dataset.place, source = null, fails = 0, triedAt = 0, isOver = false;
  let heardAt = Date.now(), behindSince = null;
  let timer = 0, pollTimer = 0, hideTimer = 0, pollWait = POLL;
  const spread = (wait) => wait * (0.75 + Math.random() / 2);

  // The sign ---------------------------------------------------------------------------------------------------------

  const length = (seconds) => {
    if (seconds < 60) return _("{n} s", { n: seconds });
    return seconds < 3600 ? _("{n} m", { n: Math.floor(seconds / 60) }) : _("{n} h", { n: Math.floor(seconds / 3600) });
  };

  const show = () => {
    const since = behindSince || heardAt, seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
    const isLive = !isOver && Date.now() - since < SILENT;
    const words = sign.querySelector("[data-live-words]");
    sign.dataset.state = isLive ? "live" : "stale";
    if (isOver && words.querySelector("a")) return;
    if (isOver) {
      const link = document.createElement("a");
      link.href = location.href;
      link.textContent = _("Signed out. Sign in again");
      words.replaceChildren(link);
      return;
    }
    const span = length(seconds);
    words.textContent = !isLive ? _("Not live, {span} old", { span }) : seconds < 3 ? _("Live, just now") : _("Live, {span} ago", { span });
  };

  // Hearing ----------------------------------------------------------------------------------------------------------

  const heard = (id) => {
    if (id) place = id;
    heardAt = Date.now();
    fails = 0;
    pollWait = POLL;
  };

  const tell = (topic) => {
    document.dispatchEvent(new CustomEvent("live", { detail: { topic } }));
    wanted.add(topic);
    behindSince = behindSince || Date.now();
    plan();
  };

  const close = () => {
    if (source) source.close();
    source = null;
    clearTimeout(timer);
    clearTimeout(pollTimer);
  };

  const connect = () => {
    if (source || isOver || document.hidden) return;
    clearTimeout(timer);
    clearTimeout(pollTimer);
    triedAt = Date.now();
    source = new EventSource(`${sign.dataset.stream}?since=${encodeURIComponent(place)}`);
    const on = (name, act) => source.addEventListener(name, (event) => { heard(event.lastEventId); act(event); show(); });
    on("here", () => {});
    on("beat", () => {});
    on("changed", (event) => JSON.parse(event.data).forEach(tell));
    on("again", () => tell(EVERYTHING));
    on("bye", () => { close(); timer = setTimeout(connect, spread(SOON / 2)); });
    on("end", () => { close(); isOver = true; });
    source.onerror = () => {
      close();
      fails += 1;
      // Once is a network that hiccups; twice, and whoever cannot listen asks.
      if (fails < 2) timer = setTimeout(connect, spread(SOON));
      else poll();
    };
  };

  const poll = async () => {
    if (source || isOver || document.hidden) return;
    try {
      const answer = await fetch(`${sign.dataset.since}?since=${encodeURIComponent(place)}`, { headers: { Accept: "application/json", "X-Live": "1" }, redirect: "manual" });
      if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") isOver = true;
      if (!answer.ok) throw new Error(`news: ${answer.status}`);
      const news = await answer.json();
      heard(news.place);
      if (news.again) tell(EVERYTHING);
      else news.topics.forEach(tell);
    } catch {
      pollWait = Math.min(pollWait * 2, LONGEST);
    }
    show();
    if (isOver || source || document.hidden) return;
    // Now and then a place may have become free, or the way to it.
    if (pollWait === POLL && Date.now() - triedAt > TRY) connect();
    else pollTimer = setTimeout(poll, spread(pollWait));
  };

  // Looking again ----------------------------------------------------------------------------------------------------

  const wanted = new Set();
  let lookAt = 0, lookTimer = 0, lookedAt = 0, isLooking = false;

  const hears = (element, topics) => {
    const zone = element.closest("[data-topics]");
    if (topics.has("every") && element.closest("[data-live-every]")) return true;
    return Boolean(zone) && (topics.has(EVERYTHING) || zone.dataset.topics.split(" ").some((topic) => topics.has(topic)));
  };

  const plan = () => {
    const zones = [...document.querySelectorAll("[data-topics]")];
    const hear = (zone) => hears(zone, wanted);
    if (!wanted.has("every") && !zones.some(hear)) {
      wanted.clear();
      behindSince = null;
      return;
    }
    if (document.hidden || isLooking) return;
    // Numbers in the rail may wait; what somebody works on may not.
    const isMain = wanted.has("every") || zones.some((zone) => zone.matches("main, body, main *") && hear(zone));
    const due = Math.max(Date.now(), lookedAt + (isMain ? SOON : LATER));
    if (lookTimer && lookAt <= due) return;
    clearTimeout(lookTimer);
    lookAt = due;
    lookTimer = setTimeout(look, due - Date.now());
  };

  const look = async () => {
    lookTimer = 0;
    if (document.hidden || isLooking) return;
    const topics = new Set(wanted), began = behindSince, address = location.href;
    wanted.clear();
    isLooking = true;
    lookedAt = Date.now();
    let isDone = false;
    try {
      const answer = await fetch(address, { headers: { "X-Live": "1", Accept: "text/html" }, redirect: "manual", signal: AbortSignal.timeout(LATER) });
      const page = answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
      // What is no page of ours, or of another address by now, is not taken over.
      if (page && page.getElementById("live") && address === location.href) {
        merge(page, topics);
        isDone = true;
      }
    } catch { /* It is looked at again below. */ }
    isLooking = false;
    if (isDone) {
      if (behindSince === began && !wanted.size) behindSince = null;
      document.dispatchEvent(new CustomEvent("live:fresh", { detail: { topics: [...topics] } }));
    } else {
      topics.forEach((topic) => wanted.add(topic));
      lookedAt = Date.now() + LATER - SOON;
    }
    show();
    if (wanted.size) plan();
  };

  // Taking over ------------------------------------------------------------------------------------------------------

  const isBusy = (element) => element.contains(document.activeElement) || element.matches("details[open]") || Boolean(element.querySelector("details[open], dialog[open]"));
  const isHeld = (row) => isBusy(row) || row.matches(":hover") || Boolean(row.querySelector("input[type=checkbox]:checked"));

  const bare = (element) => {
    const copy = element.cloneNode(true);
    for (const field of copy.querySelectorAll("input[name=csrf_token]")) field.removeAttribute("value");
    // Words that scripts keep true differ without meaning anything.
    for (const time of copy.querySelectorAll("time[data-ago]")) time.textContent = "";
    return copy.outerHTML;
  };

  const take = (old, fresh) => {
    const made = document.importNode(fresh, true);
    old.replaceWith(made);
    if (window.htmx) window.htmx.process(made);
  };

  const takeRow = (row, fresh) => {
    const cells = [...row.children].filter((cell) => !cell.matches(".gone-words")), others = [...fresh.children];
    row.classList.remove("is-stale");
    if (cells.length !== others.length) return take(row, fresh);
    cells.forEach((cell, i) => { if (bare(cell) !== bare(others[i])) take(cell, others[i]); });
  };

  // Rows that changed under somebody's hand: they are taken over when the hand has gone.
  const waiting = new Map();

  const release = () => {
    for (const [row, fresh] of waiting) {
      if (row.isConnected && isHeld(row)) continue;
      waiting.delete(row);
      if (row.isConnected) takeRow(row, fresh);
    }
  };

  const differs = (row, fresh) => [...row.children].filter((cell) => !cell.matches(".gone-words")).some((cell, i) => !fresh.children[i] || bare(cell) !== bare(fresh.children[i]));

  const goOn = (row, fresh) => {
    row.classList.remove("is-gone");
    row.querySelectorAll(".gone-words").forEach((words) => words.remove());
    waiting.delete(row);
    if (!differs(row, fresh)) return row.classList.remove("is-stale");
    if (!isHeld(row)) return takeRow(row, fresh);
    row.classList.add("is-stale");
    waiting.set(row, fresh);
  };

  const leave = (row) => {
    if (row.classList.contains("is-gone")) return;
    const words = document.createElement("span");
    words.className = "visually-hidden gone-words";
    words.textContent = _("No longer in this list.");
    row.classList.add("is-gone");
    (row.querySelector("td, th, div") || row).append(words);
  };

  const endRun = (keys, known) => {
    let run = 0;
    while (run < keys.length && !known.has(keys[keys.length - 1 - run])) run += 1;
    return run;
  };

  const mergeRows = (page, topics) => {
    const of = (root) => [...root.querySelectorAll('[data-live="rows"] > [data-key], [data-live="rows"] > tbody > [data-key]')];
    const old = of(document).filter((row) => hears(row, topics)), fresh = of(page);
    if (!old.length && !document.querySelector("[data-live-new]")) return;
    const known = new Map(fresh.map((row) => [row.dataset.key, row])), had = new Set(old.map((row) => row.dataset.key));
    const gone = old.filter((row) => !known.has(row.dataset.key)), added = fresh.filter((row) => !had.has(row.dataset.key));
    // On a page of many, rows that come in push others over the edge, and rows that leave pull others in.
    const isCut = Boolean(page.querySelector('.more [rel="next"]'));
    const outRun = endRun(old.map((row) => row.dataset.key), known), inRun = endRun(fresh.map((row) => row.dataset.key), had);
    const pushed = isCut ? Math.min(outRun, added.length - inRun) : 0, pulled = isCut ? Math.min(inRun, gone.length - outRun) : 0;
    old.forEach((row) => known.has(row.dataset.key) && goOn(row, known.get(row.dataset.key)));
    gone.slice(0, gone.length - pushed).forEach(leave);
    const news = added.length - pulled;
    for (const pill of document.querySelectorAll("[data-live-new]")) {
      const [one, many] = (pill.dataset.nouns || "row|rows").split("|");
      pill.textContent = news > 0 ? _n(`{n} new ${one}`, `{n} new ${many}`, news) : "";
      pill.hidden = news <= 0;
    }
  };

  const merge = (page, topics) => {
    for (const old of document.querySelectorAll('[data-live="replace"][id]')) {
      const fresh = page.getElementById(old.id);
      if (fresh && old.isConnected && hears(old, topics) && !isBusy(old) && bare(old) !== bare(fresh)) take(old, fresh);
    }
    mergeRows(page, topics);
  };

  // The day of a page ------------------------------------------------------------------------------------------------

  const wake = () => {
    clearTimeout(hideTimer);
    if (document.hidden) {
      hideTimer = setTimeout(close, HIDDEN);
      return;
    }
    if (!source) connect();
    if (wanted.size) plan();
    show();
  };

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", () => { fails = 0; connect(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) { tell(EVERYTHING); wake(); } });
  document.addEventListener("click", (event) => { if (event.target.closest?.("button[data-live-new]")) location.reload(); });

  for (const element of document.querySelectorAll("[data-live-every]")) {
    setInterval(() => { if (!document.hidden && !isOver) { wanted.add("every"); plan(); } }, Number(element.dataset.liveEvery) * 1000);
  }
  setInterval(() => { if (!document.hidden) { release(); show(); } }, 1000);
  // Whoever only passes through needs no connection.
  timer = setTimeout(connect, START);
})();
