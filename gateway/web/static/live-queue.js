// The queue on the screen: asks for its rows again when a change can concern them, and for nothing else.
import { fragment, merge, paced } from "/static/live-page.js";

const open = (changed) => changed.state === "open" || changed.state === "waiting";

// Whether a case that is not on the screen may belong to a view now; a view that is not here may hold anything.
const belongs = {
  mine: (changed, me) => open(changed) && changed.assignee === me,
  unassigned: (changed) => changed.state === "open" && changed.assignee === null,
  open,
  overdue: (changed) => changed.state === "open" && Date.parse(changed.due) < Date.now(),
  today: (changed) => changed.state === "open",
  waiting: (changed) => changed.state === "waiting",
  ended: (changed) => !open(changed),
};

// A first page that is full and goes by due dates shows nothing that is due after its last row.
function fits(rows, changed) {
  const last = rows.querySelector(".row:last-child");
  return !("full" in rows.dataset) || !last || Date.parse(changed.due) <= Date.parse(last.dataset.due);
}

function put(fresh) {
  const rows = document.getElementById("rows");
  const next = fresh.getElementById("rows");
  const [list, items] = [rows.querySelector(".queue"), next.querySelector(".queue")];
  if (list.tagName === "OL" && items.tagName === "OL") {
    merge(list, items);
    rows.querySelector(".pager")?.remove();
    rows.append(...next.querySelectorAll(".pager"));
  } else {
    rows.replaceChildren(...next.childNodes);
  }
  rows.toggleAttribute("data-full", "full" in next.dataset);
}

/** The queue's part in what is heard; null on another page. */
export function openQueue(me) {
  if (!document.getElementById("rows")) return null;
  // What changes while rows are fetched, by number: they may be of before that.
  let meanwhile = null;
  const ask = paced(async () => {
    meanwhile = new Map();
    const fresh = await fragment(`/console/queue/rows${location.search}`);
    if (fresh) put(fresh);
    if ([...meanwhile.values()].some(concerns)) ask();
    meanwhile = null;
  });

  function concerns(changed) {
    const rows = document.getElementById("rows");
    const may = belongs[rows.dataset.view] ?? (() => true);
    if (document.getElementById(`c${changed.number}`)) return true;
    return !("paged" in rows.dataset) && may(changed, me) && fits(rows, changed);
  }

  return {
    changed(changed) {
      meanwhile?.set(changed.number, changed);
      if (concerns(changed)) ask();
    },
    removed({ number }) {
      document.getElementById(`c${number}`)?.remove();
      ask();
    },
    gap: ask,
  };
}
