// A list below a textarea while a word that begins with its mark is typed: "/" for canned answers, "@" for colleagues.
// Focus stays in the text; the arrows move through the list, Enter or Tab puts the option in, Escape closes it.

// Milliseconds without a key before the server is asked.
const PAUSE = 80;

/** The word at the caret that begins with `mark` after a blank or at the start, or null. */
function wordAt(area, mark) {
  if (area.selectionStart !== area.selectionEnd) return null;
  const before = area.value.slice(0, area.selectionStart);
  const found = before.match(mark === "/" ? /(?:^|\s)\/([\p{L}\d-]*)$/u : /(?:^|[\s(])@([\p{L}\d._-]*)$/u);
  return found && { at: before.length - found[1].length - 1, sought: found[1] };
}

function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Offer what the server finds at `data-from` while a word that begins with `data-offer` is typed into `area`. */
export function offer(area) {
  const { offer: mark, from, label, found } = area.dataset;
  const list = element("ul", { class: "offered", role: "listbox", id: `${area.id}-offered`, "aria-label": label });
  const count = element("p", { class: "visually-hidden", role: "status" });
  let options = [];
  let chosen = -1;
  let asked = 0;
  let timer = 0;
  let dismissed = -1;

  function close() {
    asked += 1;
    clearTimeout(timer);
    list.hidden = true;
    count.textContent = "";
    for (const name of ["aria-activedescendant", "aria-controls"]) area.removeAttribute(name);
  }

  function choose(place) {
    chosen = (place + options.length) % options.length;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-activedescendant", list.children[chosen].id);
  }

  function put(place) {
    const word = wordAt(area, mark);
    const { text } = options[place];
    close();
    if (!word) return;
    area.setRangeText(text, word.at, area.selectionStart, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function item({ name, detail, text }, place) {
    const parts = [element("span", { class: "name" }, name), element("span", { class: "detail" }, detail)];
    // What will be said is worth a look; a login is there already.
    if (mark === "/") parts.push(element("span", { class: "text", dir: "auto" }, text));
    const made = element("li", { role: "option", id: `${list.id}-${place}` }, ...parts);
    made.addEventListener("mousedown", (event) => {
      event.preventDefault();
      put(place);
    });
    return made;
  }

  async function ask(sought) {
    const mine = ++asked;
    let answer;
    try {
      answer = await (await fetch(`${from}?${new URLSearchParams({ q: sought })}`, { redirect: "error" })).json();
    } catch {
      return;
    }
    // Meanwhile something else was typed.
    if (mine !== asked) return;
    options = answer.options;
    if (!options.length) return close();
    list.replaceChildren(...options.map(item));
    list.hidden = false;
    count.textContent = found.replace("{n}", options.length);
    area.setAttribute("aria-controls", list.id);
    choose(0);
  }

  function look() {
    const word = wordAt(area, mark);
    if (!word || word.at !== dismissed) dismissed = -1;
    if (!word || dismissed !== -1) return close();
    clearTimeout(timer);
    timer = setTimeout(() => ask(word.sought), PAUSE);
  }

  const keys = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Enter: () => put(chosen),
    Tab: () => put(chosen),
    Escape: () => {
      dismissed = wordAt(area, mark)?.at ?? -1;
      close();
    },
  };

  area.addEventListener("keydown", (event) => {
    if (list.hidden || !keys[event.key] || event.isComposing || event.shiftKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  area.addEventListener("input", look);
  area.addEventListener("blur", close);

  const button = area.form.querySelector(`[data-put="${mark}"]`);
  if (button) button.hidden = false;
  button?.addEventListener("click", () => {
    const before = area.value.slice(0, area.selectionStart);
    area.focus();
    area.setRangeText(before === "" || /\s$/.test(before) ? mark : ` ${mark}`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });

  list.hidden = true;
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-haspopup", "listbox");
  area.after(list, count);
}
