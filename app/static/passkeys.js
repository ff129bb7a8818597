// Passkeys: shown only where the browser has them. A form with data-passkey="get" signs in, one with
// "create" makes a passkey; both ask `data-options` first, and send the browser's answer to their action.
"use strict";

const toBytes = (words) =>
  Uint8Array.from(atob(words.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const toWords = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

// Every binary part of an answer, by its own name.
const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

const plain = (credential) => ({
  id: credential.id,
  rawId: toWords(credential.rawId),
  type: credential.type,
  response: Object.fromEntries(
    PARTS.filter((name) => credential.response[name]).map((name) => [
      name,
      toWords(credential.response[name]),
    ]),
  ),
});

const readable = (options) => {
  const known = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) publicKey.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) publicKey.allowCredentials = known(options.allowCredentials);
  return { publicKey };
};

const send = async (form, path, body) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": form.elements.csrf_token.value,
    },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (answer.ok) return told;
  if (answer.status === 403 && form.dataset.confirm) {
    location.assign(form.dataset.confirm);
    return null;
  }
  throw new Error((told.errors || []).map((one) => one.detail).join(" ") || told.detail);
};

const SAID = {
  NotAllowedError: window._("The device was not asked, or nobody answered. Try again."),
  InvalidStateError: window._("This device has a passkey for your account already."),
  SecurityError: window._("This address cannot have passkeys."),
};

const run = async (form) => {
  const options = await send(form, form.dataset.options, {});
  if (!options) return;
  const credential = await navigator.credentials[form.dataset.passkey](readable(options));
  const { name, next } = form.elements;
  const told = await send(form, form.getAttribute("action"), {
    credential: plain(credential),
    name: name ? name.value : undefined,
    next: next ? next.value : undefined,
  });
  if (told) location.assign(told.next);
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) break;
  const said = form.querySelector("[data-passkey-said]");
  const button = form.querySelector("[type=submit]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      await run(form);
    } catch (error) {
      said.textContent = SAID[error.name] || error.message || window._("That did not work. Try again.");
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}
