// How hard a new password is to guess, while it is typed: length first, sameness counts against it. Only a hint: the
// server knows the common ones and decides.

function level(password) {
  const characters = [...password];
  if (characters.length < 12) return "short";
  const kinds = new Set(characters.map((one) => one.toLowerCase())).size;
  const score = Math.min(characters.length, kinds * 2);
  if (score < 12) return "weak";
  return score < 18 ? "fair" : "strong";
}

for (const hint of document.querySelectorAll("[data-strength-of]")) {
  const input = document.getElementById(hint.dataset.strengthOf);
  input?.addEventListener("input", () => {
    hint.hidden = input.value === "";
    const text = hint.dataset[level(input.value)];
    if (hint.textContent !== text) hint.textContent = text;
  });
}
