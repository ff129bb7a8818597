// The command palette: one field that finds anything and does things. Without it, /find is a page.
(() => {
  "use strict";

  const dialog = document.getElementById("palette");
  if (!dialog || !dialog.showModal || !window.htmx) return;
  const input = dialog.querySelector("[role=combobox]"), found = dialog.querySelector("#palette-found");
  const says = dialog.querySelector("[data-palette-says]"), skeleton = dialog.querySelector("template");
  const PAUSE = 150;
  // Somebody pressed Enter before the answer to what they typed was there, as a scanner does.
  let enters = false, timer = 0;

  const options = () => [...found.querySelectorAll("[role=option]")];
  const chosen = () => found.querySelector("[aria-selected=true]");
  const isAnswered = () => {
    const list = found.querySelector("[data-q]");
    return Boolean(list) && list.dataset.q.trim() === input.value.trim();
  };
  // One question at a time: while it is on its way only the last of the next ones is kept (hx-sync).
  const ask = () => {
    clearTimeout(timer);
    if (!isAnswered()) window.htmx.trigger(input, "ask");
  };

  const choose = (option) => {
    const before = chosen();
    if (before) before.setAttribute("aria-selected", "false");
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    // The first stands under its heading, which is shown with it.
    (option === options()[0] ? option.closest("[role=group]") : option).scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = options(), at = all.indexOf(chosen());
    if (all.length) choose(all[(at + by + all.length) % all.length]);
  };
  const go = (event) => {
    if (!isAnswered()) {
      enters = true;
      return ask();
    }
    clearTimeout(timer);
    const option = chosen();
    if (!option) return undefined;
    const { ctrlKey, metaKey, shiftKey } = event || {};
    return option.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
  };

  const reset = () => {
    clearTimeout(timer);
    enters = false;
    input.value = "";
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    says.textContent = "";
    found.replaceChildren(skeleton.content.cloneNode(true));
  };
  const open = () => {
    if (dialog.open) return;
    const other = document.querySelector("dialog[open]");
    if (other && other.id !== "keys") return;
    if (other) other.close();
    reset();
    dialog.showModal();
    input.focus();
    ask();
  };

  document.addEventListener("palette", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-palette]");
    if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open();
    }
  });

  dialog.addEventListener("close", reset);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-palette-close]")) return dialog.close();
    // What was chosen goes its own way first.
    if (event.target.closest("[role=option]")) setTimeout(() => dialog.close());
    return undefined;
  });
  // Only a pointer that moves chooses: rows that come to lie under one that rests do not.
  found.addEventListener("mousemove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== chosen()) choose(option);
  });

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Home: () => choose(options()[0]),
    End: () => choose(options().at(-1)),
    Enter: go,
  };
  input.addEventListener("input", () => {
    enters = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !KEYS[event.key] || event.altKey) return;
    event.preventDefault();
    KEYS[event.key](event);
  });

  // Answers ------------------------------------------------------------------------------------------------------------

  found.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.responseText.includes("data-q=")) return;
    // Signed out meanwhile: the page of the same name asks who is there.
    event.detail.shouldSwap = false;
    location.assign(input.getAttribute("hx-get"));
  });
  found.addEventListener("htmx:afterSwap", () => {
    const all = options();
    input.setAttribute("aria-expanded", String(all.length > 0));
    choose(all[0]);
    says.textContent = found.querySelector("[data-found-count]").textContent;
    if (enters && isAnswered()) {
      enters = false;
      go();
    }
  });
  for (const event of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    dialog.addEventListener(event, () => {
      enters = false;
      const told = document.createElement("p");
      told.className = "found-none";
      told.textContent = says.dataset.fails;
      found.replaceChildren(told);
      says.textContent = says.dataset.fails;
      input.setAttribute("aria-expanded", "false");
    });
  }

  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    for (const key of document.querySelectorAll("[data-palette] kbd")) key.textContent = "⌘ K";
    for (const key of document.querySelectorAll(".keysheet kbd")) if (key.textContent === "Ctrl") key.textContent = "⌘";
  }
})();
