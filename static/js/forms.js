// What makes forms handier with script; each works without.

// --- A form is sent once: the second press of the button is not a second payment (the server knows it too) -----------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("[type=submit]");
  button?.setAttribute("aria-disabled", "true");
});

function enableAgain(root) {
  for (const form of root.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of root.querySelectorAll("button[aria-disabled=true]")) button.removeAttribute("aria-disabled");
}

// "Back" may show the page as it was left; an answer by htmx leaves the form where it is.
window.addEventListener("pageshow", () => enableAgain(document));
document.addEventListener("htmx:afterRequest", () => enableAgain(document));

// --- Show the password ---------------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest("[data-reveals]");
  if (button) {
    const input = document.getElementById(button.dataset.reveals);
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    input.focus();
  }
  const amount = target?.closest("[data-amount]");
  if (amount) {
    const input = document.getElementById(amount.dataset.for);
    input.value = amount.dataset.amount;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }
});

// A shown password is hidden again before it is sent, or the browser may keep it as an ordinary entry.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("[data-reveals][aria-pressed=true]")) {
    document.getElementById(button.dataset.reveals).type = "password";
  }
});

// --- Digits: full-width digits, spaces and hyphens of a pasted code are taken out; amounts are grouped --------------------
const plainDigits = (text) => text.normalize("NFKC").replace(/[\s\u2010-\u2015-]/g, "");

document.addEventListener("input", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || event.isComposing) return;
  if ("oneTimeCode" in input.dataset) {
    const code = plainDigits(input.value).slice(0, Number(input.dataset.oneTimeCode));
    if (code !== input.value) input.value = code;
  }
});

document.addEventListener("focusout", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLInputElement) || !input.closest(".field--amount")) return;
  const digits = plainDigits(input.value).replace(/[¥,円]/g, "");
  if (/^[0-9]{1,15}$/.test(digits)) input.value = Number(digits).toLocaleString("en");
});

// --- Links of the error summary go to the input itself, with its label in view ----------------------------------------------
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest(".summary a[href^='#']");
  const input = link && document.getElementById(link.hash.slice(1));
  if (!input) return;
  event.preventDefault();
  (input.closest(".field") ?? input).scrollIntoView({ block: "center" });
  input.focus({ preventScroll: true });
});

function dress(root) {
  for (const button of root.querySelectorAll("[data-reveals]")) button.hidden = false;
}

dress(document);
document.addEventListener("htmx:afterSettle", (event) => dress(event.target));

// --- A form that waited until somebody had confirmed goes on by itself; while the page loads, so "Back" skips it ------------
document.querySelector("form[data-sends-itself]")?.requestSubmit();
