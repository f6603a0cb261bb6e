// The case on the screen: its story grows, others are told who is here, and what is being typed is never touched.
import { carry, fragment, merge, paced } from "/static/live-page.js";

// Repeated before it expires; one repetition may be lost.
const REPEAT = 20000;
// Who has not typed for so long is reading.
const QUIET = 15000;

const story = () => document.getElementById("timeline");

function offer(words) {
  const banner = document.getElementById("changed");
  banner.querySelector("a").textContent = words;
  banner.hidden = false;
}

let gone = false;

/** The case is not here any more. */
function leave() {
  gone = true;
  const banner = document.getElementById("changed");
  banner.querySelector("a").href = "/console";
  offer(banner.dataset.removed);
}

// Not while a form of theirs is open: what is said there may be half written.
function renew(fresh) {
  const [old, terms] = [document, fresh].map((root) => root.getElementById("terms"));
  if (!old || !terms || old.querySelector("details[open] form")) return;
  carry(old, terms);
  if (old.outerHTML === terms.outerHTML) return;
  const focused = [...old.querySelectorAll("summary")].indexOf(document.activeElement);
  old.replaceWith(terms);
  terms.querySelectorAll("summary")[focused]?.focus({ preventScroll: true });
}

async function show(number) {
  const seen = story().dataset.seen;
  // Where something was missed, that may have been what was missed.
  const refused = (status) => { if (status === 404) leave(); };
  const fresh = await fragment(`/console/cases/${number}/story?seen=${seen}`, refused);
  if (!fresh || gone) return;
  document.getElementById("case-head").replaceWith(fresh.getElementById("case-head"));
  const said = fresh.getElementById("said");
  if (said) offer(said.textContent);
  const timeline = fresh.getElementById("timeline");
  merge(story(), timeline);
  story().dataset.seen = timeline.dataset.seen;
  renew(fresh);
}

function attend(number) {
  const token = document.querySelector("input[name=csrf]").value;
  let typed = -Infinity;
  let doing = "";
  let repeat = 0;

  function say(next) {
    clearTimeout(repeat);
    doing = next;
    navigator.sendBeacon(`/console/cases/${number}/presence`, new URLSearchParams({ csrf: token, doing }));
    if (doing !== "gone") repeat = setTimeout(now, doing === "writing" ? QUIET : REPEAT);
  }
  const now = () => { if (!document.hidden) say(performance.now() - typed < QUIET ? "writing" : "viewing"); };

  document.getElementById("composer")?.addEventListener("input", () => {
    typed = performance.now();
    if (doing !== "writing") now();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? say("gone") : now()));
  addEventListener("pagehide", () => say("gone"));
  addEventListener("pageshow", now);
}

/** The case's part in what is heard; null on another page. */
export function openCase() {
  if (!story()) return null;
  const number = story().dataset.case;
  if ("work" in story().dataset) attend(number);
  const ask = paced(() => show(number));
  return {
    changed(changed) {
      if (changed.number === number && changed.event !== story().dataset.seen) ask();
    },
    removed(left) {
      if (left.number === number) leave();
    },
    gap: ask,
  };
}
