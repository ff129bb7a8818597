// Notices: the bell keeps its number true, and what is told just now is said on screen, in one window of a browser only.
(() => {
  "use strict";

  const KEPT = "notices-said", MOST = 50;

  const said = () => {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) || [];
    } catch {
      return [];
    }
  };

  // One is said in its words, several at once as their number: a bad hour must not bury the page.
  const say = (told, bell) => {
    const known = said(), fresh = told.filter((one) => !known.includes(one.dataset.id));
    if (!fresh.length) return;
    try {
      localStorage.setItem(KEPT, JSON.stringify([...known, ...fresh.map((one) => one.dataset.id)].slice(-MOST)));
    } catch { /* Said twice is better than not said. */ }
    const { tone, href } = fresh[0].dataset;
    const one = { words: fresh[0].textContent, tone: tone === "accent" ? "info" : tone, href };
    const many = { words: window._n("{n} new notice", "{n} new notices", fresh.length), tone: fresh.some((it) => it.dataset.tone === "crit") ? "crit" : "info", href: bell.getAttribute("href") };
    document.dispatchEvent(new CustomEvent("toast", { detail: { ...(fresh.length > 1 ? many : one), of: "notices" } }));
  };

  const look = async () => {
    const bell = document.getElementById("bell");
    if (!bell || document.hidden) return;
    try {
      const answer = await fetch(bell.dataset.news, { headers: { "X-Live": "1", Accept: "text/html" }, redirect: "manual" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"), fresh = page.getElementById("bell");
      if (!fresh) return;
      // The focus stays where it is: only what the bell says changes.
      bell.setAttribute("aria-label", fresh.getAttribute("aria-label"));
      bell.replaceChildren(...document.importNode(fresh, true).childNodes);
      // Where they stand on the page anyway nothing need be said.
      if (!bell.matches("[aria-current]")) say([...page.querySelectorAll("#news > li")], bell);
    } catch { /* The next notice tries again. */ }
  };

  let timer = 0;
  document.addEventListener("live", (event) => {
    if (!["notices", "*"].includes(event.detail.topic)) return;
    clearTimeout(timer);
    timer = setTimeout(look, 300);
  });
})();
