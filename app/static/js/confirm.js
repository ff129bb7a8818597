// A vendor's word: buttons that count, and one filled button that says what is promised. Without this, numbers are typed.
(() => {
  "use strict";

  const form = document.querySelector("form[data-confirm]");
  if (!form) return;

  const { all, part, none } = form.dataset;
  const lines = [...form.querySelectorAll("[data-line]")];
  const buttons = Object.fromEntries([...form.querySelectorAll("[data-do]")].map((one) => [one.dataset.do, one]));
  if (!buttons.all) return;
  const why = form.querySelector("[data-why]"), day = form.querySelector("[data-promised]");
  const asks = (line) => Number(line.dataset.units);
  const field = (line) => line.querySelector("[data-stepper] input");
  const has = (line) => Math.max(0, Math.min(asks(line), Math.trunc(Number(field(line).value)) || 0));
  const sum = (of) => lines.reduce((total, line) => total + of(line), 0);
  const said = (words, n, of) => words.replace("{n}", n).replace("{all}", of);

  const show = () => {
    const can = sum(has), asked = sum(asks), isShort = can < asked;
    for (const line of lines) {
      const misses = has(line) < asks(line), instead = line.querySelector("[data-instead]");
      line.toggleAttribute("data-short", misses);
      instead.hidden = !misses;
      for (const button of line.querySelectorAll("[data-by]")) {
        button.disabled = button.dataset.by < 0 ? has(line) === 0 : !misses;
      }
    }
    why.hidden = !isShort;
    form.querySelector("[data-attest]").hidden = can === 0;
    // One filled button: what is promised with it stands on it.
    // Enter presses the first button that is not disabled, hidden or not.
    buttons.all.hidden = buttons.all.disabled = isShort;
    buttons.part.hidden = !isShort;
    buttons.part.classList.toggle("btn-primary", isShort);
    buttons.part.classList.toggle("btn-quiet", !isShort);
    buttons.part.querySelector("span").textContent = can ? said(part, can, asked) : none;
    buttons.none.hidden = can === 0;
    buttons.all.querySelector("span").textContent = said(all, asked);
  };
  const late = () => {
    form.querySelector("[data-day-late]").hidden = !day.value || day.value <= day.dataset.promised;
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-by]");
    if (!button) return;
    const line = button.closest("[data-line]");
    field(line).value = Math.max(0, Math.min(asks(line), has(line) + Number(button.dataset.by)));
    show();
  });
  // Whoever declines all says why first.
  buttons.none.addEventListener("click", (event) => {
    event.preventDefault();
    for (const line of lines) field(line).value = 0;
    show();
    why.querySelector("select").focus();
  });
  form.addEventListener("input", () => {
    show();
    late();
  });
  for (const button of form.querySelectorAll("[data-by]")) button.hidden = false;
  show();
  late();
  addEventListener("pageshow", () => {
    show();
    late();
  });
})();
