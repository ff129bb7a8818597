// A tracking number is checked while it is typed or scanned. Without this, it is checked when the form is sent.
(() => {
  "use strict";

  // Somebody is still typing until then; a scanner is done at once.
  const PAUSE = 350, SHORTEST = 5;
  const waiting = new WeakMap(), asked = new WeakMap();

  const say = (input, tone, told) => {
    const line = input.closest(".field").querySelector(".told");
    line.textContent = told;
    if (tone) line.dataset.tone = tone; else delete line.dataset.tone;
  };

  const check = async (input) => {
    const number = input.value.trim(), choice = document.getElementById(input.dataset.carrier);
    if (number.length < SHORTEST) return say(input, "", "");
    const url = new URL(input.dataset.numberCheck, location.href);
    url.searchParams.set("number", number);
    if (choice && choice.value) url.searchParams.set("carrier", choice.value);
    asked.set(input, url.href);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      // Somebody typed on meanwhile: this answers a question that nobody asks any more.
      if (!answer.ok || asked.get(input) !== url.href) return undefined;
      const { tone, told } = await answer.json();
      return say(input, tone, told);
    } catch {
      // Not being able to ask is no mistake of whoever types.
      return say(input, "", "");
    }
  };

  const soon = (input) => {
    clearTimeout(waiting.get(input));
    waiting.set(input, setTimeout(() => check(input), PAUSE));
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-number-check]")) soon(event.target);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("select")) return;
    for (const input of document.querySelectorAll(`[data-number-check][data-carrier="${event.target.id}"]`)) check(input);
  });

  // Scanners end a number with Enter. The next field is meant, not the form.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-number-check]")) return;
    event.preventDefault();
    check(event.target);
    const all = [...event.target.form.elements].filter((one) => one.type !== "hidden" && !one.disabled);
    const inputs = all.filter((one) => one.matches("[data-number-check]") || one.type === "submit");
    const next = inputs[inputs.indexOf(event.target) + 1];
    if (next) next.focus();
  });
})();
