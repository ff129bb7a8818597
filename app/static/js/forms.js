// A form is sent once: its button works until the answer is there, and a second press does nothing.
(() => {
  "use strict";

  // An answer that is no page (a file) leaves this one standing: then the button comes back by itself.
  const WAITS = 15000;

  const buttonsOf = (form) => [...form.elements].filter((one) => one.type === "submit");

  const rest = (form) => {
    delete form.dataset.sent;
    for (const button of buttonsOf(form)) {
      if (!button.dataset.busy) continue;
      delete button.dataset.busy;
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  };
  const work = (form, pressed) => {
    for (const button of buttonsOf(form)) {
      if (button.disabled) continue;
      button.dataset.busy = button === pressed ? "now" : "too";
      if (button === pressed) button.setAttribute("aria-busy", "true");
      button.disabled = true;
    }
  };

  const isSentOnce = (form) =>
    form instanceof HTMLFormElement && form.method === "post" && (form.target || "_self") === "_self";

  document.addEventListener("submit", (event) => {
    if (!isSentOnce(event.target) || !event.target.dataset.sent) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target, pressed = event.submitter || (isSentOnce(form) && buttonsOf(form)[0]);
    if (!isSentOnce(form) || event.defaultPrevented) return;
    form.dataset.sent = "yes";
    // After the browser has gathered what is sent: a disabled button's own value would be left out.
    setTimeout(() => {
      // A script took it over after all, and knows itself when it is done.
      if (event.defaultPrevented) return rest(form);
      work(form, pressed);
      setTimeout(() => rest(form), WAITS);
    });
  });

  // Parts that are sent by htmx.
  const formOf = (event) => {
    const { elt } = event.detail;
    const form = elt instanceof HTMLFormElement ? elt : elt.closest && elt.closest("form");
    return form && event.detail.requestConfig && event.detail.requestConfig.verb === "post" ? form : null;
  };
  document.addEventListener("htmx:beforeSend", (event) => {
    const form = formOf(event), by = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    if (form) work(form, (by && by.submitter) || buttonsOf(form)[0]);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = formOf(event);
    if (form) rest(form);
  });

  // What is scanned or counted anew takes the place of what stands there.
  const selectAll = (one) => { if (one && one.matches("[data-select]")) one.select(); };
  document.addEventListener("focusin", (event) => selectAll(event.target));
  selectAll(document.activeElement);

  // Back from the next page, a page stands as it was left.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(rest));
})();
