// The composer: what the text costs while it is typed, what can be put into it, and its draft on the server.
import { keepDraft } from "/static/composer-draft.js";
import { offer } from "/static/composer-list.js";
import { watch } from "/static/composer-meter.js";

for (const form of document.querySelectorAll("[data-composer]")) keepDraft(form);
for (const area of document.querySelectorAll("[data-offer]")) offer(area);
// What only a page without scripts needs.
for (const element of document.querySelectorAll("[data-without-script]")) element.hidden = true;
const reply = document.getElementById("reply");
if (reply) watch(reply, document.getElementById("meter"));
