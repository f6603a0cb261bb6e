// One tick for a whole list. Without this the ticks are set one by one.
for (const all of document.querySelectorAll("[data-check-all]")) {
  const boxes = all.closest("section").querySelectorAll("[name=case]");
  all.parentElement.hidden = false;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
}
