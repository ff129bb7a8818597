// Scanning: the box keeps the focus, every answer is a ground, a sign, a word and one of two tones, and no scan is lost while the network is away.
//   form[data-scan]        the scan box; what is sent is answered with the page, of which [data-scan-part][id] are taken over
//   form[data-scan-act]    a tap that counts like a scan
//   [data-scan-camera]     opens the camera where the browser reads codes; [data-scan-keys] brings a phone's keyboard up
// Each scan has a name of its own: sent twice, it counts once. Scans are sent one after the other, in their order.
(() => {
  "use strict";

  const form = document.querySelector("form[data-scan]"), box = form && form.elements.code;
  if (!box || !window.fetch) return;

  const { _, _n } = window;
  const KEY = `scans:${location.pathname}`, AGAIN = 4000, PATIENCE = 15000, SAME = 2000, LOOK = 150;
  const typed = "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=hidden]), textarea, select, [contenteditable=true]";

  // The queue ------------------------------------------------------------------------------------------------------------

  const name = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  const kept = () => { try { return JSON.parse(localStorage.getItem(KEY) || "[]"); } catch { return []; } };
  let queue = kept(), isSending = false, isAway = false, timer = 0;
  const keep = () => {
    try {
      if (queue.length) localStorage.setItem(KEY, JSON.stringify(queue));
      else localStorage.removeItem(KEY);
    } catch { /* Then they wait in this page alone. */ }
  };

  const sign = form.querySelector("[data-scan-wait]");
  const showWaiting = (why) => {
    if (!sign) return;
    sign.hidden = !queue.length || !(isAway || why);
    sign.textContent = sign.hidden ? "" : `${_n("{n} scan waits for the network.", "{n} scans wait for the network.", queue.length)} ${why || _("Go on scanning; they are checked in their order.")}`;
  };

  const add = (url, fields) => {
    queue.push({ url, fields: { ...fields, scan: fields.scan || name() } });
    keep();
    showWaiting();
    send();
  };

  const token = () => form.querySelector("input[name=csrf_token]").value;

  const post = async ({ url, fields }) => {
    const body = new URLSearchParams({ ...fields, csrf_token: token() });
    return fetch(url, { method: "POST", body, headers: { "X-Scan": "1", Accept: "text/html" }, redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
  };

  const later = (why) => {
    isAway = true;
    showWaiting(why);
    clearTimeout(timer);
    timer = setTimeout(send, AGAIN);
  };

  const send = async () => {
    if (isSending || !queue.length) return;
    isSending = true;
    clearTimeout(timer);
    while (queue.length) {
      const one = queue[0];
      let answer, html;
      try {
        answer = await post(one);
        html = await answer.text();
      } catch {
        later();
        break;
      }
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        later(_("Sign in again in another window; they are kept here."));
        break;
      }
      if (answer.status === 429 || answer.status >= 500) {
        later();
        break;
      }
      queue.shift();
      keep();
      isAway = false;
      // The code of another order opens it, when what was scanned before is told.
      const elsewhere = answer.headers.get("X-Go");
      if (elsewhere && !queue.length) location.assign(elsewhere);
      if (elsewhere) continue;
      take(html);
      showWaiting();
    }
    isSending = false;
    refocus();
  };

  // Answers --------------------------------------------------------------------------------------------------------------

  const take = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html"), say = page.getElementById("say");
    for (const old of document.querySelectorAll("[data-scan-part][id]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh) continue;
      const made = document.importNode(fresh, true);
      // What is read out must stay where it is: only what it says changes.
      if (old.hasAttribute("aria-live")) old.replaceChildren(...made.childNodes);
      else old.replaceWith(made);
    }
    const said = say && say.querySelector(".scan-say");
    if (!say) sayHere("crit", "x-octagon-fill", _("Not counted"), _("Open the page again."));
    play(said && said.dataset.tone === "good" ? "right" : "wrong");
    // What was picked to its end has another page: there is nothing to scan here any more.
    if (say && !page.querySelector("form[data-scan] input[name=code]")) location.reload();
  };

  const sayHere = (tone, icon, title, words) => {
    const say = document.getElementById("say"), one = document.createElement("div");
    const head = document.createElement("h2"), line = document.createElement("p");
    one.className = "scan-say";
    one.dataset.tone = tone;
    head.textContent = title;
    line.textContent = words;
    one.append(head, line);
    say.replaceChildren(one);
  };

  // Tones: high and short is right, low and long is wrong ----------------------------------------------------------------

  const TONES = { right: [[880, 0, 0.09, "sine"], [1318, 0.09, 0.12, "sine"]], wrong: [[196, 0, 0.22, "square"], [147, 0.24, 0.34, "square"]] };
  let ear = null;
  const wake = () => {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return;
    ear = ear || new Context();
    if (ear.state === "suspended") ear.resume().catch(() => {});
  };
  const play = (which) => {
    document.dispatchEvent(new CustomEvent("scan:tone", { detail: { which } }));
    if (navigator.vibrate) navigator.vibrate(which === "right" ? 40 : [120, 60, 120]);
    if (!ear) return;
    for (const [pitch, at, length, shape] of TONES[which]) {
      const tone = ear.createOscillator(), loud = ear.createGain(), start = ear.currentTime + at;
      tone.type = shape;
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(shape === "square" ? 0.08 : 0.2, start);
      loud.gain.exponentialRampToValueAtTime(0.001, start + length);
      tone.connect(loud).connect(ear.destination);
      tone.start(start);
      tone.stop(start + length);
    }
  };

  // The box --------------------------------------------------------------------------------------------------------------

  const isElsewhere = () => {
    const here = document.activeElement;
    return Boolean(document.querySelector("dialog[open]")) || (here && here !== box && here.matches(typed));
  };
  const refocus = () => { if (!isElsewhere()) box.focus({ preventScroll: true }); };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    wake();
    const code = box.value.trim();
    box.value = "";
    refocus();
    if (code) add(form.action, { code });
  });

  document.addEventListener("submit", (event) => {
    const act = event.target;
    if (!act.matches("form[data-scan-act]")) return;
    event.preventDefault();
    wake();
    const fields = Object.fromEntries(new FormData(act));
    delete fields.csrf_token;
    // To put a scan back names that scan; a tap is news of its own, however often the page was sent.
    const isUndo = !("line" in fields);
    if (!isUndo) delete fields.scan;
    add(act.action, fields);
    box.focus({ preventScroll: true });
  });

  // What a scanner types anywhere on the page belongs into the box, and presses nothing else.
  document.addEventListener("keydown", (event) => {
    if (event.target === box || isElsewhere() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key.length !== 1 || event.key === " ") return;
    event.stopImmediatePropagation();
    box.focus({ preventScroll: true });
  }, true);

  document.addEventListener("click", (event) => {
    if (!event.target.closest("a, button, summary, input, label, select, textarea, details")) refocus();
  });
  document.addEventListener("live:fresh", refocus);
  window.addEventListener("pageshow", refocus);
  window.addEventListener("focus", refocus);
  window.addEventListener("online", send);

  // The keyboard of a phone: hidden until somebody wants it, for a scanner types by itself -------------------------------

  const keys = form.querySelector("[data-scan-keys]");
  if (keys && matchMedia("(pointer: coarse)").matches) {
    keys.hidden = false;
    keys.addEventListener("click", () => {
      const isOn = box.inputMode !== "text";
      box.inputMode = isOn ? "text" : "none";
      keys.setAttribute("aria-pressed", String(isOn));
      box.blur();
      box.focus();
    });
  }

  // The camera -----------------------------------------------------------------------------------------------------------

  const eye = document.getElementById("scan-eye"), opens = form.querySelector("[data-scan-camera]");
  if (opens && eye && "BarcodeDetector" in window && navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
    const video = eye.querySelector("video"), reader = new window.BarcodeDetector();
    let stream = null, seen = "", seenAt = 0;
    const shut = () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = null;
      eye.hidden = true;
      opens.setAttribute("aria-expanded", "false");
      refocus();
    };
    const look = async () => {
      if (!stream) return;
      try {
        const [found] = await reader.detect(video);
        const now = Date.now();
        // The same code stays before the eye for a while: it is one scan.
        if (found && (found.rawValue !== seen || now - seenAt > SAME)) {
          seen = found.rawValue;
          add(form.action, { code: found.rawValue });
        }
        if (found) seenAt = now;
      } catch { /* The picture is not there yet. */ }
      setTimeout(look, LOOK);
    };
    opens.hidden = false;
    opens.addEventListener("click", async () => {
      wake();
      if (stream) return shut();
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        video.srcObject = stream;
        eye.hidden = false;
        opens.setAttribute("aria-expanded", "true");
        video.play().catch(() => {});
        look();
      } catch {
        shut();
        sayHere("warn", "camera", _("No camera"), _("The browser does not let us use it. Allow it in its settings, or type the code."));
      }
    });
    window.addEventListener("pagehide", shut);
  }

  refocus();
  if (queue.length) {
    isAway = true;
    showWaiting();
    send();
  }
})();
