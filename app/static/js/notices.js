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

  const say = (one) => {
    const known = said();
    if (known.includes(one.dataset.id)) return;
    try {
      localStorage.setItem(KEPT, JSON.stringify([...known, one.dataset.id].slice(-MOST)));
    } catch { /* Said twice is better than not said. */ }
    const { tone, href } = one.dataset;
    document.dispatchEvent(new CustomEvent("toast", { detail: { words: one.textContent, tone: tone === "accent" ? "info" : tone, href } }));
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
      if (!bell.matches("[aria-current]")) page.querySelectorAll("#news > li").forEach(say);
    } catch { /* The next notice tries again. */ }
  };

  let timer = 0;
  document.addEventListener("live", (event) => {
    if (!["notices", "*"].includes(event.detail.topic)) return;
    clearTimeout(timer);
    timer = setTimeout(look, 300);
  });
})();
