// How many rows are ticked, and one tick for all of the page. Without this the boxes are ticked one by one.
const form = document.getElementById("bulk");
const words = document.getElementById("picked");
const help = words?.textContent;
const boxes = () => [...document.querySelectorAll('#rows input[name="case"]')];

function count() {
  const whole = form.elements.all;
  if (whole?.checked) words.textContent = whole.parentElement.textContent.trim();
  const ticked = boxes().filter((box) => box.checked).length;
  const pattern = ticked === 1 ? words.dataset.one : words.dataset.many;
  if (!whole?.checked) words.textContent = ticked ? pattern.replace("{n}", ticked) : help;
  words.classList.toggle("some", ticked > 0 || Boolean(whole?.checked));
  const page = document.getElementById("all-here");
  page.checked = ticked > 0 && ticked === boxes().length;
  page.indeterminate = ticked > 0 && !page.checked;
}

if (form) {
  const label = document.getElementById("all-here").parentElement;
  label.hidden = false;
  document.getElementById("all-here").addEventListener("change", (event) => {
    for (const box of boxes()) box.checked = event.target.checked;
    count();
  });
  let last = null;
  document.getElementById("rows").addEventListener("click", (event) => {
    if (event.target.name !== "case") return;
    const all = boxes();
    const [from, to] = [all.findIndex((box) => box.value === last), all.indexOf(event.target)];
    if (event.shiftKey && from >= 0) {
      for (const box of all.slice(Math.min(from, to), Math.max(from, to) + 1)) box.checked = event.target.checked;
    }
    last = event.target.value;
  });
  addEventListener("change", count);
  // A refresh of the rows can take ticked ones away.
  new MutationObserver(count).observe(document.getElementById("rows"), { childList: true, subtree: true });
  addEventListener("pageshow", count);
  count();
}
