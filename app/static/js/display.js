// What keeps a page true while it stands open: its times, its theme, and the zone it is read in.
(() => {
  "use strict";

  const { _ } = window;
  const MINUTE = 60, HOUR = 3600, DAY = 86400, DAYS_ALONE = 10, JUST_NOW = 5, A_WEEK = 7 * DAY;
  const page = document.documentElement;

  // The zone: the next page is made in it, unless somebody chose another.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (/^[A-Za-z][\w+\-/]{0,60}$/.test(zone)) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  // The clocks: the server's two, counted on from when its answer came.
  const arrived = () => {
    const [visit] = performance.getEntriesByType("navigation");
    return visit ? performance.timeOrigin + visit.responseStart : Date.now();
  };
  let clocks = null;
  const setClocks = (machine, now, rate, since) => {
    clocks = { machine: Date.parse(machine), now: Date.parse(now || machine), rate: now ? Number(rate) : 1, since };
  };
  if (page.dataset.machine) setClocks(page.dataset.machine, page.dataset.now, page.dataset.rate, arrived());
  const timeOf = (which) => {
    const passed = Date.now() - clocks.since;
    return which === "real" ? clocks.machine + passed : clocks.now + passed * clocks.rate;
  };

  // The same words as the server's (app/web/words.py): a test compares the two.
  const parts = (length) => {
    const seconds = Math.floor(Math.abs(length));
    const days = Math.floor(seconds / DAY), hours = Math.floor((seconds % DAY) / HOUR), minutes = Math.floor((seconds % HOUR) / MINUTE);
    if (days) return hours && days < DAYS_ALONE ? [_("{n} d", { n: days }), _("{n} h", { n: hours })] : [_("{n} d", { n: days })];
    if (hours) return minutes ? [_("{n} h", { n: hours }), _("{n} m", { n: String(minutes).padStart(2, "0") })] : [_("{n} h", { n: hours })];
    return [minutes ? _("{n} m", { n: minutes }) : _("{n} s", { n: seconds })];
  };
  const ago = (length, day) => {
    if (Math.abs(length) < JUST_NOW) return _("just now");
    if (Math.abs(length) > A_WEEK) return day;
    const [span] = parts(length);
    return length > 0 ? _("{span} ago", { span }) : _("in {span}", { span });
  };

  const say = (node, words) => {
    if (node && node.data !== words) node.data = words;
  };
  // Digits only: what a deadline's state is the server says; but nothing is left after its end.
  const count = (due) => {
    const left = (Date.parse(due.dataset.due) - timeOf("world")) / 1000;
    const number = due.querySelector("b"), word = number && number.querySelector("span");
    if (!word) return;
    say(number.firstChild, `${parts(left).join(" ")} `);
    if (left >= 0 || due.dataset.state === "late") return;
    due.dataset.state = "late";
    word.textContent = _("late");
    const sign = due.querySelector("use"), fuse = due.querySelector("progress");
    if (sign) sign.setAttribute("href", sign.getAttribute("href").replace(/#.*/, "#i-exclamation-octagon-fill"));
    if (fuse) fuse.value = fuse.max;
  };
  const tick = () => {
    if (!clocks || document.hidden) return;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const length = (timeOf(time.dataset.ago) - Date.parse(time.dateTime)) / 1000;
      say(time.firstChild, ago(length, time.dataset.day));
    }
    if (clocks.rate) document.querySelectorAll(".due[data-due]").forEach(count);
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  // A part that is fetched again brings the clocks of its own answer.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const head = (detail.xhr.responseText || "").slice(0, 1000);
    const told = /data-machine="([^"]+)"(?: data-now="([^"]+)" data-rate="([^"]+)")?/.exec(head);
    if (told) setClocks(told[1], told[2], told[3], Date.now());
  });

  // The theme: changed where one stands; without an answer the form goes its own way.
  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-theme-switch]") || !button) return;
    event.preventDefault();
    const body = new FormData(form, button);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).then((answer) => {
      if (answer.type !== "opaqueredirect") throw new Error(String(answer.status));
      page.dataset.bsTheme = button.value;
      const other = [...form.elements].find((one) => one.type === "submit" && one !== button);
      if (other) other.focus();
    }).catch(() => location.reload());
  });

  // Help beside a number: one at a time, and away at Escape or a click elsewhere.
  const shut = (but) => {
    for (const help of document.querySelectorAll("details.help[open]")) if (help !== but) help.open = false;
  };
  document.addEventListener("click", (event) => shut(event.target.closest("details.help")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.help[open]");
    if (!open) return;
    shut();
    open.querySelector("summary").focus();
  });
})();
