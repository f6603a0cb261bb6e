// Keeps the phones live: asks twice a second whether anything changed, and if so fetches the page and puts in what did.
const body = document.body;
const EVERY = 500;
let version = Number(body.dataset.version);
let busy = false;

function toEnd(element) {
  element.scrollTop = element.scrollHeight;
}

function replace(old, fresh) {
  if (!fresh || (old.innerHTML === fresh.innerHTML && old.className === fresh.className)) return;
  const typing = old.contains(document.activeElement) ? document.activeElement : null;
  const { id, value } = typing ?? {};
  old.className = fresh.className;
  old.replaceChildren(...fresh.childNodes);
  const again = id && old.querySelector(`#${CSS.escape(id)}`);
  if (again) {
    if (value && again.tagName === "INPUT" && again.type !== "file") again.value = value;
    again.focus();
  } else if (typing) {
    old.querySelector("[data-focus]")?.focus();
  }
  if (old.classList.contains("scroll")) toEnd(old);
}

async function refresh(html) {
  const text = html ?? (await (await fetch(location.href.split("#")[0])).text());
  const page = new DOMParser().parseFromString(text, "text/html");
  if (page.body.dataset.phone !== body.dataset.phone) return;
  version = Number(page.body.dataset.version);
  for (const element of document.querySelectorAll("[data-live]")) replace(element, page.getElementById(element.id));
}

async function poll() {
  if (!busy && !document.hidden) {
    try {
      const query = new URLSearchParams({ phone: body.dataset.phone, since: String(version) });
      const state = await (await fetch(`/simulator/state?${query}`)).json();
      if (state.version !== version) await refresh();
    } catch {
      // The gateway is away for a moment; the next round asks again.
    }
  }
  setTimeout(poll, EVERY);
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-do]");
  if (!form) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  for (const input of form.querySelectorAll("[data-clear]")) input.value = "";
  busy = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: data });
    await refresh(await answer.text());
  } finally {
    busy = false;
  }
});

// Enter sends, as on a phone; Shift and Enter make a line.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.tagName !== "TEXTAREA") return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.querySelectorAll(".scroll").forEach(toEnd);
poll();
