// One stream of changes a tab: counts, the bell, the rows of the queue, the case on the screen. Without it every page is
// as useful, only still. A tab that nobody sees holds no stream: a browser has six connections for a site, not more.
import { openCase } from "/static/live-case.js";
import { openQueue } from "/static/live-queue.js";
import { asked, attended, forgetPresent, named, paced } from "/static/live-page.js";

const desk = document.querySelector("[data-live]");
const me = desk.dataset.me;
const parts = [openQueue(me), openCase()].filter(Boolean);
let source = null;
let heard = desk.dataset.began;

function count(element, held, most) {
  element.textContent = held >= most ? `${most - 1}+` : held;
  element.classList.toggle("none", held === 0);
}

function counts(changed) {
  for (const [name, held] of Object.entries(changed)) {
    const element = document.querySelector(`[data-count="${name}"]`);
    if (!element) continue;
    count(element, held, 1000);
    element.classList.toggle("alert", held > 0 && (name === "overdue" || name === "failed"));
  }
  if (document.querySelector('[data-count^="saved-"]')) askSaved();
}

// Saved views are one's own, so that their counts are asked for rather than told.
const askSaved = paced(async () => {
  const answer = await asked("/console/saved/counts");
  if (answer === null) return;
  for (const [name, held] of Object.entries(JSON.parse(answer))) {
    const element = document.querySelector(`[data-count="${name}"]`);
    if (element) count(element, held, 1000);
  }
});

function bell({ unread }) {
  const link = document.querySelector(".bell");
  if (!link) return;
  link.title = link.dataset.words.replace("{count}", unread);
  link.setAttribute("aria-label", link.title);
  let number = link.querySelector(".count");
  if (unread && !number) {
    number = document.createElement("span");
    number.className = "count alert";
    link.append(number);
  }
  if (unread) count(number, unread, 100);
  else number?.remove();
}

function viewing({ number, people }) {
  const others = people.filter((person) => person.id !== me);
  const writing = others.filter((person) => person.writing);
  const [words, who] = writing.length ? [desk.dataset.writes, writing] : [desk.dataset.views, others];
  attended(number, who.length ? named(words, "names", who.map((person) => person.name).join(", ")) : "");
}

function stop() {
  source?.close();
  source = null;
}

function ended() {
  stop();
  document.getElementById("stale").hidden = false;
}

const told = (name) => (data) => parts.forEach((part) => part[name](data));
function gap() {
  forgetPresent();
  told("gap")();
}

const kinds = { case: told("changed"), removed: told("removed"), gap, counts, notices: bell, viewing, ended };

function start() {
  if (source || document.hidden) return;
  const address = new URL(desk.dataset.live, location.href);
  address.searchParams.set("after", heard);
  source = new EventSource(address);
  for (const [kind, handle] of Object.entries(kinds)) {
    source.addEventListener(kind, (event) => {
      heard = event.lastEventId || heard;
      handle(JSON.parse(event.data));
    });
  }
  // A connection that is cut comes back by itself; one that was refused does not.
  source.addEventListener("error", () => { if (source?.readyState === EventSource.CLOSED) ended(); });
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
addEventListener("pagehide", stop);
addEventListener("pageshow", start);
start();
