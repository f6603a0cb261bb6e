// The composer: what the text costs while it is typed, and a copy of it in this tab until it is sent.
import { fold, measure } from "/static/gsm.js";

const say = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function span(text, className) {
  const element = document.createElement("span");
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function forcingLine(words, characters) {
  const line = span(`${words.forcing} `, "forcing");
  for (const character of characters.slice(0, 12)) {
    const key = document.createElement("kbd");
    key.textContent = character;
    line.append(key, " ");
  }
  return line;
}

function foldButton(area, words, saved) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = say(words.fold, { n: saved });
  button.addEventListener("click", () => {
    area.value = fold(area.value);
    area.dispatchEvent(new Event("input"));
    area.focus();
  });
  return button;
}

function segments(area, meter) {
  const words = meter.dataset;
  const sent = area.value.trim();
  const now = measure(sent);
  if (!now.segments) return [];
  const shown = [
    span(say(now.segments === 1 ? words.segment : words.segments, { n: now.segments }), "num"),
    span(say(words.left, { n: now.left }), "num"),
  ];
  if (now.ucs2) {
    shown.push(forcingLine(words, now.forcing));
    const saved = now.segments - measure(fold(sent)).segments;
    if (saved > 0) shown.push(foldButton(area, words, saved));
  }
  return shown;
}

function characters(area, meter) {
  return [span(say(meter.dataset.characters, { n: [...area.value].length, limit: area.dataset.limit }), "num")];
}

function watch(area) {
  const meter = document.getElementById("meter");
  const draw = () => {
    if (area.dataset.segments) meter.replaceChildren(...segments(area, meter));
    else if (area.dataset.limit) meter.replaceChildren(...characters(area, meter));
  };
  area.addEventListener("input", draw);
  draw();
}

// Nothing typed is lost when the session ends or the page is left: this tab keeps it until the server has it.
function keep(form) {
  const area = form.querySelector("textarea");
  const key = `draft:${form.dataset.composer}`;
  const done = document.querySelector("[data-done]")?.dataset.done ?? "";
  const sent = form.classList.contains("reply") ? done.startsWith("replied") : done === "noted";
  if (sent) sessionStorage.removeItem(key);
  if (!area.value) area.value = sessionStorage.getItem(key) ?? "";
  area.addEventListener("input", () => sessionStorage.setItem(key, area.value));
}

function once(form) {
  let gone = false;
  form.addEventListener("submit", (event) => {
    if (gone) event.preventDefault();
    gone = true;
  });
  addEventListener("pageshow", () => { gone = false; });
}

for (const form of document.querySelectorAll("[data-composer]")) {
  keep(form);
  once(form);
}
const reply = document.getElementById("reply");
if (reply) watch(reply);
