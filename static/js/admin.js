// The desk: "/" goes to the search box, as in every tool an agent knows.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.getElementById("desk-search");
  if (!search) return;
  event.preventDefault();
  search.select();
  search.focus();
});
