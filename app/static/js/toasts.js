// Toasts: what was said floats at the foot and leaves by itself; nothing leaves under a hand or a focus.
// A script says something by document.dispatchEvent(new CustomEvent("toast", {detail: {words, tone, href}})).
(() => {
  "use strict";

  const STAYS = 10000, AT_LEAST = 3000, PER_LETTER = 60, MOST = 4;
  const TONES = { good: "check-lg", info: "info-circle", warn: "exclamation-triangle-fill", crit: "exclamation-octagon-fill" };
  // Where the style sheet cannot know that scripts run, notes stay notes.
  const floats = matchMedia("(scripting: enabled)").matches;
  const left = new Map();

  const icon = (region, name) => {
    const NS = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(NS, "svg"), use = document.createElementNS(NS, "use");
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${region.dataset.icons || ""}#i-${name}`);
    svg.append(use);
    return svg;
  };

  const dismiss = (toast) => {
    const hadFocus = toast.contains(document.activeElement);
    left.delete(toast);
    toast.remove();
    const main = document.getElementById("main");
    if (hadFocus && main) main.focus();
  };

  const add = (region, toast) => {
    if (!toast.querySelector(".toast-x")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-icon btn-s toast-x";
      button.setAttribute("aria-label", window._("Dismiss"));
      button.append(icon(region, "x-lg"));
      toast.append(button);
    }
    // The region speaks for what is in it; what is critical speaks for itself.
    if (toast.getAttribute("role") === "status") toast.removeAttribute("role");
    region.append(toast);
    const words = toast.textContent.length;
    // What went wrong waits for whoever it is about.
    if (floats && (toast.dataset.tone !== "crit" || toast.dataset.of)) left.set(toast, Math.max(STAYS, words * PER_LETTER));
    const old = [...region.children].filter((one) => one.dataset.tone !== "crit");
    old.slice(0, Math.max(0, region.children.length - MOST)).forEach(dismiss);
  };

  const setUp = () => {
    for (const region of document.querySelectorAll(".toasts[data-toasts]:not([role])")) {
      const here = [...region.children];
      region.setAttribute("role", "status");
      here.forEach((toast) => add(region, toast));
    }
  };

  const region = () => {
    const known = document.querySelector(".toasts[data-toasts]");
    if (known) return known;
    const made = document.createElement("div"), icons = document.querySelector("[data-icons]");
    made.className = "toasts";
    made.dataset.toasts = "";
    made.dataset.icons = icons ? icons.dataset.icons : "";
    document.body.append(made);
    setUp();
    return made;
  };

  document.addEventListener("toast", ({ detail }) => {
    const { words, tone = "info", href, of } = detail || {};
    if (!words) return;
    const place = region(), toast = document.createElement("div"), said = document.createElement("p");
    toast.className = "toast-o";
    // The latest of a kind takes the place of the one before, and leaves by itself.
    if (of) {
      place.querySelectorAll(`[data-of="${CSS.escape(of)}"]`).forEach(dismiss);
      toast.dataset.of = of;
    }
    toast.dataset.tone = tone in TONES ? tone : "info";
    if (toast.dataset.tone === "crit") toast.setAttribute("role", "alert");
    // Only a path of our own is followed.
    if (typeof href === "string" && /^\/(?![/\\])/.test(href)) {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = words;
      said.append(link);
    } else {
      said.textContent = words;
    }
    toast.append(icon(place, TONES[toast.dataset.tone]), said);
    add(place, toast);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".toast-x");
    if (button) dismiss(button.closest(".toast-o"));
  });
  document.addEventListener("keydown", (event) => {
    const toast = event.key === "Escape" && event.target.closest(".toast-o");
    if (toast) dismiss(toast);
  });

  const STEP = 250;
  setInterval(() => {
    const held = document.hidden || document.querySelector(".toasts:hover, .toasts:focus-within");
    for (const [toast, time] of left) {
      if (held) left.set(toast, Math.max(time, AT_LEAST));
      else if (time <= STEP) dismiss(toast);
      else left.set(toast, time - STEP);
    }
  }, STEP);

  setUp();
  document.addEventListener("htmx:afterSettle", setUp);
})();
