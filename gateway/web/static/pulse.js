// Asks every few seconds what has moved, and offers to show it. Without it the page is as useful, only still.
const EVERY = 5000;
const banner = document.querySelector("[data-pulse]");

function show(text) {
  banner.querySelector("a").textContent = text;
  banner.hidden = false;
}

function apply(heard) {
  for (const [name, held] of Object.entries(heard.counts ?? {})) {
    const count = document.querySelector(`[data-count="${name}"]`);
    if (!count) continue;
    count.textContent = held >= 1000 ? "999+" : held;
    count.classList.toggle("none", held === 0);
    count.classList.toggle("alert", held > 0 && (name === "overdue" || name === "failed"));
  }
  if (heard.fresh) show((heard.fresh === 1 ? banner.dataset.one : banner.dataset.many).replace("{n}", heard.fresh));
  if (heard.version && String(heard.version) !== banner.dataset.version) show(banner.dataset.one);
}

async function ask() {
  if (document.hidden) return true;
  try {
    const answer = await fetch(banner.dataset.pulse, { headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      show(banner.dataset.ended);
      return false;
    }
    if (answer.ok) apply(await answer.json());
  } catch {
    // The network is away for a moment; the next beat asks again.
  }
  return true;
}

async function beat() {
  if (await ask()) setTimeout(beat, EVERY);
}

if (banner) setTimeout(beat, EVERY);
