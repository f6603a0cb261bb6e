// What the live parts of a page share: asking at a decent pace, and putting in only what has changed.

/** A text with its one placeholder filled. */
export const named = (pattern, name, value) => pattern.replace(`{${name}}`, () => value);

// Milliseconds after which what the server did not answer is asked for again.
const AGAIN = 3000;

/** The server did not answer, or not well: it may a little later. */
class Unanswered extends Error {}

// Milliseconds that a page rests at most: what it shows is not older than that, however slow the server.
const LONGEST = 10000;

/**
 * A function that has `work` done soon, at most twice a second, and for no more than a tenth of the time unless that
 * is longer than `LONGEST`. Work that gets no answer is done again: what was heard is not said twice.
 */
export function paced(work) {
  let waiting = false;
  let earliest = 0;
  async function run() {
    const began = performance.now();
    waiting = false;
    earliest = Infinity;
    let pause = null;
    try {
      await work();
    } catch (fault) {
      if (!(fault instanceof Unanswered)) throw fault;
      [waiting, pause] = [true, AGAIN];
    } finally {
      const rest = Math.min(LONGEST, Math.max(500, 9 * (performance.now() - began)));
      earliest = performance.now() + (pause ?? rest);
      if (waiting) setTimeout(run, earliest - performance.now());
    }
  }
  return () => {
    if (waiting) return;
    waiting = true;
    if (earliest !== Infinity) setTimeout(run, Math.max(50, earliest - performance.now()));
  };
}

// What was heard last of who is in front of which case. A fragment may have been made before it was heard.
const present = new Map();

/** Note the words on who is in front of a case, and show them. */
export function attended(number, words) {
  present.set(number, words);
  showPresent(document);
}

/** What was heard may be out of date: fragments know better. */
export const forgetPresent = () => present.clear();

function showPresent(root) {
  for (const element of root.querySelectorAll("[data-present]")) {
    const words = present.get(element.dataset.present);
    if (words !== undefined && words !== element.textContent) element.textContent = words;
  }
}

/** The text the server answers with, or null when it refuses, of which `refused` is told; for work that is `paced`. */
export async function asked(address, refused = () => {}) {
  let answer;
  let text;
  try {
    answer = await fetch(address, { redirect: "manual" });
    text = await answer.text();
  } catch {
    throw new Unanswered();
  }
  if (answer.status >= 500) throw new Unanswered();
  if (answer.ok) return text;
  refused(answer.status);
  return null;
}

/** The fragment at an address, or null like `asked`. */
export async function fragment(address, refused) {
  const text = await asked(address, refused);
  if (text === null) return null;
  const template = document.createElement("template");
  template.innerHTML = text;
  showPresent(template.content);
  return template.content;
}

/** Make `list` hold what `fresh` holds, by the ids of its items. What is the same stays: focus, scroll, open details. */
export function merge(list, fresh) {
  const anchor = [...list.children].find((item) => item.getBoundingClientRect().bottom > 0);
  const top = anchor?.getBoundingClientRect().top;
  const focused = list.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
  let place = list.firstElementChild;
  for (const item of [...fresh.children]) {
    const old = list.querySelector(`:scope > #${CSS.escape(item.id)}`);
    if (old) carry(old, item);
    const kept = old && old.outerHTML === item.outerHTML ? old : item;
    if (old && kept !== old) {
      if (place === old) place = old.nextElementSibling;
      old.remove();
    }
    if (kept === place) place = place.nextElementSibling;
    else list.insertBefore(kept, place);
  }
  while (place) {
    const gone = place;
    place = place.nextElementSibling;
    gone.remove();
  }
  if (anchor?.isConnected && scrollY > 0) scrollBy(0, anchor.getBoundingClientRect().top - top);
  if (focused && !list.contains(document.activeElement)) {
    document.getElementById(focused)?.querySelector("a, button, summary")?.focus({ preventScroll: true });
  }
}

/** What somebody has opened or ticked is so in the fresh item, too. */
export function carry(old, fresh) {
  const [were, are] = [old, fresh].map((item) => item.querySelectorAll("details"));
  are.forEach((details, place) => { details.open = were[place]?.open ?? false; });
  for (const box of old.querySelectorAll("input:checked[value]")) {
    const again = fresh.querySelector(`input[name="${box.name}"][value="${CSS.escape(box.value)}"]`);
    if (again) again.checked = true;
  }
}
