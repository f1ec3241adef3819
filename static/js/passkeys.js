// Passkeys. A form with data-passkey asks the server for a question (the form itself plus passkey_options), the
// authenticator for its answer, puts both into its hidden fields and is sent like any other form.
//   data-passkey="get" | "create"; data-passkey-autofill: offers passkeys in the field with autocomplete="webauthn"
//   inside it: [data-passkey-button] starts it, [data-passkey-said] shows what went wrong, in the words it carries

const QUESTION_LASTS = 4 * 60 * 1000; // A little less than at the server.
const supported = typeof PublicKeyCredential === "function";
let waiting; // The autofill that a press of the button ends.

// --- JSON of WebAuthn Level 3, for browsers that do not read and write it themselves ----------------------------------
const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function readOptions(json, isNew) {
  const native = isNew ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[native]) return PublicKeyCredential[native](json);
  const withBytes = (list) => list?.map((one) => ({ ...one, id: toBytes(one.id) }));
  const read = { ...json, challenge: toBytes(json.challenge) };
  if (isNew) {
    read.user = { ...json.user, id: toBytes(json.user.id) };
    read.excludeCredentials = withBytes(json.excludeCredentials);
  } else {
    read.allowCredentials = withBytes(json.allowCredentials);
  }
  return read;
}

function write(credential) {
  if (credential.toJSON) return credential.toJSON();
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

// --- Question, answer, form ---------------------------------------------------------------------------------------------
class Refused extends Error {}

async function question(form) {
  const body = new FormData(form);
  body.set("passkey_options", "yes");
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  if (answer.redirected) {
    location.assign(answer.url); // Signed out, or a fresh proof is needed first.
    return new Promise(() => {});
  }
  const json = await answer.json();
  if (!answer.ok) throw new Refused(json.detail ?? "");
  return json;
}

async function ask(form, extra = {}) {
  const isNew = form.dataset.passkey === "create";
  const { ceremony, options } = await question(form);
  const request = { publicKey: readOptions(options, isNew), ...extra };
  const credential = await (isNew ? navigator.credentials.create(request) : navigator.credentials.get(request));
  form.querySelector("[data-passkey-ceremony]").value = ceremony;
  form.querySelector("[data-passkey-credential]").value = JSON.stringify(write(credential));
  form.requestSubmit();
}

function say(form, error) {
  const place = form.querySelector("[data-passkey-said]");
  if (!place) return;
  const words = { NotAllowedError: "cancelled", InvalidStateError: "known" }[error.name] ?? "failed";
  place.textContent = (error instanceof Refused && error.message) || place.dataset[words];
  place.hidden = false;
}

async function press(form, button) {
  waiting?.abort();
  const place = form.querySelector("[data-passkey-said]");
  if (place) place.hidden = true;
  button.setAttribute("aria-disabled", "true");
  try {
    await ask(form);
  } catch (error) {
    say(form, error);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

// Passkeys among the suggestions of the address field, for as long as the page is open.
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  for (;;) {
    if (document.hidden) {
      await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
      continue;
    }
    waiting = new AbortController();
    const { signal } = waiting;
    const renew = setTimeout(() => waiting.abort("renew"), QUESTION_LASTS);
    try {
      await ask(form, { mediation: "conditional", signal });
      return;
    } catch {
      if (signal.reason !== "renew") return; // Something else was chosen, or nothing can be offered here.
    } finally {
      clearTimeout(renew);
    }
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]");
  if (!supported) {
    form.querySelector("[data-passkey-unsupported]")?.removeAttribute("hidden");
    button?.closest("[data-passkey-box]")?.setAttribute("hidden", "");
    continue;
  }
  button?.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") press(form, button);
  });
  if ("passkeyAutofill" in form.dataset) offer(form);
}
