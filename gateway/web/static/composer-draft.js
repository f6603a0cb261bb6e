// What is typed is kept on the server a moment later. What the server cannot take (a login that has ended, no network)
// stays in this tab until it can.

// Milliseconds without a key before it is saved.
const PAUSE = 1000;

/** Keep the draft of a form of the composer, and send the form once, however often it is pressed. */
export function keepDraft(form) {
  const area = form.querySelector("textarea");
  const foot = form.querySelector(".kept");
  const address = `${form.dataset.composer}/draft`;
  const key = `draft:${address}:${form.elements.kind.value}`;
  let timer = 0;
  let saving = null;
  let typed = false;
  let gone = false;

  const body = () => new URLSearchParams({
    csrf: form.elements.csrf.value, kind: form.elements.kind.value, text: area.value, script: "1",
  });

  async function save() {
    const text = area.value;
    typed = false;
    try {
      const answer = await fetch(address, { method: "POST", body: body(), redirect: "error", keepalive: true });
      if (!answer.ok) throw new Error(answer.status);
      foot.textContent = (await answer.json()).said;
      sessionStorage.removeItem(key);
    } catch {
      sessionStorage.setItem(key, text);
      foot.textContent = foot.dataset.unkept;
    }
  }

  // One after the other: an older text must not come last.
  function soon(pause = PAUSE) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (gone || !typed) return;
      saving = (saving ?? Promise.resolve()).then(save).finally(() => { saving = null; });
    }, pause);
  }

  area.addEventListener("input", () => {
    typed = true;
    soon();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) soon(0); });
  addEventListener("pagehide", () => { if (typed && !gone) navigator.sendBeacon(address, body()); });
  addEventListener("pageshow", () => { gone = false; });
  form.addEventListener("submit", (event) => {
    if (gone || saving) event.preventDefault();
    // A draft that is still on its way would come back after its answer was sent.
    if (!gone && saving) saving.finally(() => form.requestSubmit(event.submitter));
    else gone = true;
    if (gone && sessionStorage.getItem(key) !== null) sessionStorage.setItem(key, area.value);
  });

  const done = new URLSearchParams(location.search).get("done") ?? "";
  if (done.startsWith("replied") || done === "noted") sessionStorage.removeItem(key);
  const held = sessionStorage.getItem(key);
  if (held !== null) {
    area.value = held;
    typed = true;
    soon();
  }
  // Who goes on writing goes on at the end.
  area.setSelectionRange(area.value.length, area.value.length);
}
