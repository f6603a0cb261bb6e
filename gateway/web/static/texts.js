// What a text weighs as SMS while it is typed; what stands in braces counts as it is written.
import { fold, measure } from "/static/gsm.js";

for (const area of document.querySelectorAll("[data-weigh]")) {
  const line = document.getElementById(area.dataset.weigh);
  const draw = () => {
    const text = area.value.trim();
    const now = measure(area.dataset.folds ? fold(text) : text);
    const values = { n: [...text].length, segments: now.segments };
    line.textContent = text ? line.dataset.words.replace(/<(\w+)>/g, (_, name) => values[name]) : "";
  };
  area.addEventListener("input", draw);
  draw();
}
