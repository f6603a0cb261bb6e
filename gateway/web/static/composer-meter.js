// What a text costs on its channel while it is typed, and what it would cost without accents.
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

// Pressed, the text has no accents; pressed again, it is what it was, unless something was typed in between.
function folding(area, words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  let before = null;
  button.addEventListener("click", () => {
    const text = before ?? fold(area.value);
    before = before === null ? area.value : null;
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return {
    /** The button as it is now; null when there is nothing to save. */
    shown(now) {
      if (before !== null && area.value !== fold(before)) before = null;
      const folded = measure(fold(area.value.trim())).segments;
      if (before === null && !(now.ucs2 && folded < now.segments)) return null;
      button.setAttribute("aria-pressed", String(before !== null));
      button.textContent = before === null ? say(words.fold, { to: folded, from: now.segments }) : words.unfold;
      return button;
    },
  };
}

function segments(area, words, toggle) {
  const now = measure(area.value.trim());
  if (!now.segments) return [];
  return [
    span(say(now.segments === 1 ? words.segment : words.segments, { n: now.segments }), "num"),
    span(say(words.left, { n: now.left }), "num"),
    now.ucs2 && forcingLine(words, now.forcing),
    toggle.shown(now),
  ].filter(Boolean);
}

const characters = (area, words) => [span(say(words.characters, { n: [...area.value].length, limit: area.dataset.limit }), "num")];

/** Keep `meter` up with what is typed. */
export function watch(area, meter) {
  const toggle = folding(area, meter.dataset);
  const draw = () => {
    const focused = meter.contains(document.activeElement) ? document.activeElement : null;
    if (area.dataset.segments) meter.replaceChildren(...segments(area, meter.dataset, toggle));
    else if (area.dataset.limit) meter.replaceChildren(...characters(area, meter.dataset));
    if (focused) (focused.isConnected ? focused : area).focus();
  };
  area.addEventListener("input", draw);
  draw();
}
