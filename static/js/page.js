// What makes pages handier with script; each works without. No framework: a few listeners on the document, so that parts
// put in by htmx are served too.

const SECOND = 1000;

// --- Copy, print, close -----------------------------------------------------------------------------------------------
async function copy(button) {
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(button.dataset.copies);
  } catch {
    return; // No permission: the text is on the page and can be selected.
  }
  const before = label.textContent;
  if (before === button.dataset.done) return;
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = before; }, 2 * SECOND);
}

// --- Dialogs ----------------------------------------------------------------------------------------------------------
function openDialog(opener, event) {
  const dialog = document.getElementById(opener.dataset.opens);
  if (!(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  dialog.showModal();
}

// --- Menus: <details data-menu> close on Escape and on a click elsewhere ------------------------------------------------
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  closeMenus(target.closest("details[data-menu]"));
  const button = target.closest("[data-copies], [data-prints], [data-closes], [data-opens], [data-shuts]");
  if (!button) {
    if (target instanceof HTMLDialogElement) target.close(); // a click on the backdrop
    return;
  }
  if ("copies" in button.dataset) copy(button);
  if ("prints" in button.dataset) window.print();
  if ("closes" in button.dataset) button.closest(".banner").remove();
  if ("opens" in button.dataset) openDialog(button, event);
  if ("shuts" in button.dataset) {
    event.preventDefault();
    button.closest("dialog").close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-menu][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// --- Countdown: <time datetime data-countdown data-over> ----------------------------------------------------------------
function tick() {
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const left = Math.max(0, Math.ceil((Date.parse(time.dateTime) - Date.now()) / SECOND));
    const box = time.closest(".countdown") ?? time;
    if (box.dataset.state === "over") continue;
    if (left === 0) {
      box.dataset.state = "over";
      time.parentElement.textContent = time.dataset.over;
      box.setAttribute("role", "status");
      box.dispatchEvent(new CustomEvent("countdown:over", { bubbles: true }));
      continue;
    }
    if (left <= 60) box.dataset.state = "soon";
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }
}

// --- Theme: a cookie, read by the server, so that no page flashes --------------------------------------------------------
function showTheme(theme) {
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}

function keep(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${value ? 31536000 : 0}; samesite=lax${secure}`;
}

function chooseTheme(theme) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  keep("theme", theme === "auto" ? "" : theme);
  showTheme(theme);
}

// --- Amounts hidden from the neighbours on a train: a cookie too -----------------------------------------------------------
function showConcealed() {
  const concealed = "concealed" in document.documentElement.dataset;
  for (const button of document.querySelectorAll("[data-conceals]")) {
    button.setAttribute("aria-pressed", String(concealed));
  }
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const theme = target?.closest("[data-theme-switch] button");
  if (theme) chooseTheme(theme.value);
  if (target?.closest("[data-conceals]")) {
    const concealed = document.documentElement.toggleAttribute("data-concealed");
    keep("conceal", concealed ? "yes" : "");
    showConcealed();
  }
});

// --- Start, and again for parts that htmx puts in ------------------------------------------------------------------------
function dress(root) {
  const needy = "[data-copies], [data-prints], [data-closes], [data-theme-switch], [data-conceals]";
  for (const element of root.querySelectorAll(needy)) element.hidden = false;
  root.querySelector("[data-focus]")?.focus();
  showTheme(document.documentElement.dataset.theme ?? "auto");
  showConcealed();
  tick();
}

dress(document);
document.addEventListener("htmx:afterSettle", (event) => dress(event.target));
setInterval(tick, SECOND / 2);
