// Single letters do what the table of the help dialog says. They are off wherever somebody types, and for whoever has
// switched them off: then this is not loaded. The current row is the one whose link has the focus, so that Enter opens it,
// a screen reader tells it, and a refresh of the rows keeps it.
const dialog = document.getElementById("keys");
const bound = new Map([...dialog.querySelectorAll("[data-press]")].map((row) => [row.dataset.press, row.dataset]));
const begins = new Set([...bound.keys()].filter((press) => press.includes(" ")).map((press) => press.split(" ")[0]));
// Between the two keys of a sequence, milliseconds.
const PATIENCE = 1500;
const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
let begun = "";
let over = 0;

const rows = () => [...document.querySelectorAll("#rows .row, ol.queue > .row")];
const link = (row) => row?.querySelector(".person a");
const current = () => document.activeElement?.closest(".row") ?? null;
let place = -1;
let last = sessionStorage.getItem("case");

function remember(row) {
  if (!row) return;
  place = rows().indexOf(row);
  last = row.id;
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const here = current();
  const known = all.findIndex((row) => row.id === last);
  // Who comes back goes on at the row they left; a row that has gone leaves its place to the next one.
  const gone = by > 0 ? place : place - 1;
  const next = here ? all.indexOf(here) + by : known >= 0 ? known : gone;
  const row = all[Math.max(0, Math.min(all.length - 1, next))];
  link(row).focus();
  row.scrollIntoView({ block: "nearest" });
}

function tick() {
  current()?.querySelector('input[name="case"]')?.click();
}

function show(element) {
  if (!element || element.disabled) return false;
  for (let up = element.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
  element.scrollIntoView({ block: "center" });
  element.focus();
  return document.activeElement === element;
}

const find = (...selectors) => selectors.some((selector) => show(document.querySelector(selector)));

function write(tab, field) {
  const radio = document.getElementById(tab);
  if (radio && !radio.disabled && !radio.checked) radio.click();
  find(field);
}

// On a list the act is for what is ticked, or for the current row; on a case for the case.
function act(name, ...selectors) {
  const select = document.getElementById("bulk-act");
  if (!select) return find(...selectors);
  const here = current();
  if (here && !document.querySelector('#rows input[name="case"]:checked')) tick();
  select.value = name;
  return show(select.form.querySelector("button"));
}

const does = {
  next: () => step(1),
  previous: () => step(-1),
  open: () => link(document.getElementById(last))?.click(),
  tick,
  reply: () => write("tab-reply", "#reply"),
  note: () => write("tab-note", "#note"),
  assign: () => act("assign", '.acts form[action$="/take"] [name=reason]', '.acts form[action$="/take"] button'),
  transfer: () => act("transfer", "#transfer-agency"),
  close_case: () => act("close", "#close-outcome"),
  back: () => { location.href = sessionStorage.getItem("queue") ?? "/console"; },
  search: () => find("#search-words", "#search"),
  help: () => dialog.showModal(),
  go: ({ goes }) => { location.href = goes; },
  take_next: () => document.querySelector('form[action="/console/next"] button')?.click(),
};

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
  if (dialog.open || event.target.closest(TYPING) || event.target.isContentEditable) return;
  const sequence = begun && performance.now() < over ? `${begun} ${event.key}` : event.key;
  begun = "";
  const wanted = bound.get(sequence);
  if (wanted) {
    // Enter has a meaning of its own on whatever has the focus.
    if (event.key === "Enter" && document.activeElement !== document.body) return;
    event.preventDefault();
    does[wanted.does](wanted);
  } else if (begins.has(event.key)) {
    begun = event.key;
    over = performance.now() + PATIENCE;
  }
}

document.addEventListener("keydown", pressed);
document.addEventListener("focusin", () => remember(current()));
document.addEventListener("click", (event) => {
  const row = event.target.closest?.(".row");
  if (row?.id && event.target.closest("a")) sessionStorage.setItem("case", row.id);
});
for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
if (location.pathname === "/console") sessionStorage.setItem("queue", location.pathname + location.search);
