// Single keys: they press what stands on the page, and nothing that does not. Buttons name theirs in data-key.
(() => {
  "use strict";

  const sheet = document.getElementById("keys");
  if (!sheet || !sheet.showModal) return;
  const isOn = sheet.dataset.keys === "on", PLACE = "keys-place", PAUSE = 1500;
  const TYPED = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable=true]";
  const ROWS = "a.row-link, .work h3 a";
  const isSeen = (one) => one.getClientRects().length > 0;
  const all = (what) => [...document.querySelectorAll(what)].filter(isSeen);

  // Rows ---------------------------------------------------------------------------------------------------------------

  const links = () => all(ROWS).filter((link) => link.closest("main"));
  const rowOf = (one) => one && one.closest("tr, li");
  let last = null;
  const current = () => {
    const here = rowOf(document.activeElement), known = links();
    return known.find((link) => rowOf(link) === here) || (known.includes(last) ? last : null);
  };
  const move = (by) => {
    const known = links(), at = known.indexOf(current());
    const link = known[at < 0 ? (by > 0 ? 0 : known.length - 1) : Math.min(known.length - 1, Math.max(0, at + by))];
    if (!link) return false;
    last = link;
    link.focus({ preventScroll: true });
    // Only as far as it must, and never to another place of the page.
    rowOf(link).scrollIntoView({ block: "nearest" });
    return true;
  };
  const tick = () => {
    const row = rowOf(current()), box = row && row.querySelector("input[name=row]");
    if (box) box.click();
    return Boolean(box);
  };
  const page = (rel) => {
    const [link] = all(`a[rel=${rel}]`);
    if (link) link.click();
    return Boolean(link);
  };

  // Buttons that name a key: those of the row one is on, else of the panel, else of the page ----------------------------

  const keyed = () => all("main [data-key]").filter((one) => one.matches("button, a"));
  const press = (key) => {
    const mine = keyed().filter((one) => one.dataset.key === key && !one.disabled), row = rowOf(current());
    const one = (row && mine.find((it) => row.contains(it))) || mine.find((it) => it.closest(".panel")) || mine.find((it) => !it.closest("tr"));
    if (!one) return false;
    try {
      // The page comes back changed: the next row is where this one was.
      const place = { path: location.pathname, at: row ? links().indexOf(current()) : -1 };
      if (place.at >= 0) sessionStorage.setItem(PLACE, JSON.stringify(place));
    } catch { /* Then the list begins at its start again. */ }
    one.click();
    return true;
  };
  const goOn = () => {
    try {
      const place = JSON.parse(sessionStorage.getItem(PLACE) || "null");
      sessionStorage.removeItem(PLACE);
      if (place && place.path === location.pathname) last = links()[place.at - 1] || null;
    } catch { /* The same. */ }
  };

  // The sheet ----------------------------------------------------------------------------------------------------------

  const SHOWN = {
    row: () => links().length > 0,
    tick: () => all("main input[name=row]").length > 0,
    page: () => all("a[rel=next], a[rel=prev]").length > 0,
  };
  const line = (words, key) => {
    const box = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
    const mark = document.createElement("kbd");
    box.dataset.found = "";
    term.textContent = words;
    mark.textContent = key;
    value.append(mark);
    box.append(term, value);
    return box;
  };
  const fill = () => {
    const here = sheet.querySelector("[data-keys-here]");
    if (!here) return;
    const list = here.querySelector("dl"), known = new Map();
    here.querySelectorAll("[data-found]").forEach((one) => one.remove());
    here.querySelectorAll("[data-when]").forEach((one) => { one.hidden = !SHOWN[one.dataset.when](); });
    for (const one of keyed()) if (!known.has(one.dataset.key)) known.set(one.dataset.key, one.dataset.keyWords || one.textContent.trim());
    for (const [key, words] of known) list.append(line(words, key));
    here.hidden = ![...list.children].some((one) => !one.hidden);
  };
  const open = () => {
    if (document.querySelector("dialog[open]")) return false;
    fill();
    sheet.showModal();
    return true;
  };

  for (const button of document.querySelectorAll("[data-keys-open]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-open]")) open();
    if (event.target === sheet || event.target.closest("[data-keys-close]")) sheet.close();
  });

  // Keys ---------------------------------------------------------------------------------------------------------------

  const search = () => {
    const [box] = all(".top .find input");
    if (!box) return document.dispatchEvent(new CustomEvent("palette"));
    box.focus();
    box.select();
    return true;
  };
  const KEYS = {
    "?": open, "/": search, j: () => move(1), k: () => move(-1), x: tick, n: () => page("next"), p: () => page("prev"),
  };
  let goes = 0;
  const to = (key) => {
    const link = sheet.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  };
  // A field that was shut away while it was typed in may keep the focus for a moment.
  const isTyped = (one) => { const field = one.closest && one.closest(TYPED); return Boolean(field) && isSeen(field); };
  const isForUs = (event) => isOn && !event.defaultPrevented && !event.isComposing && !event.ctrlKey && !event.altKey && !event.metaKey
    && event.key.length === 1 && !document.querySelector("dialog[open]") && !isTyped(event.target);

  document.addEventListener("keydown", (event) => {
    if (!isForUs(event)) return;
    const { key } = event, went = Date.now() - goes < PAUSE;
    goes = 0;
    if (!went && key === "g" && !event.repeat) {
      goes = Date.now();
      return;
    }
    const isDone = went ? to(key) : KEYS[key] ? KEYS[key]() : !event.repeat && press(key);
    if (isDone) event.preventDefault();
  });

  // Hints beside buttons and lists are for whom keys work.
  if (isOn) document.documentElement.dataset.keys = "on";
  goOn();
})();
