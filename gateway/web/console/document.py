"""`/console/cases/{number}/document`: a case on paper, to be handed over or filed: what was asked, answered, and when.

It holds nothing that the citizen may not read: no note, no name of staff, no other person, no whole telephone number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from gateway.audit import Action
from gateway.gateway import GATEWAY
from gateway.principal import Right
from gateway.search.suggestions import joined
from gateway.store import attachments, queue
from gateway.timekeeping import standing
from gateway.web import audit, auth, locale, shown
from gateway.web.console.terms_panel import Panel, Shown, panel
from gateway.web.pages import render
from routing.case import EventKind
from routing.catalog import Catalog, Unit
from routing.clocks import Clock

# What the citizen says beside the request itself.
_ASIDE: Final = frozenset({"thanks", "command"})
_ASKING: Final = (EventKind.COMPLETION_REQUESTED, EventKind.INCOMPLETE)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something said, in full. `heading` is a key below `document.said.`; `id` puts them in order."""

    id: int
    heading: str
    ours: bool
    at: datetime
    channel: str
    texts: Sequence[str]
    files: Sequence[Any] = ()
    # How far an answer came: a delivery status.
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A case passed on; agencies by name."""

    at: datetime
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A clock on paper: its agency and class by name, and the day (or hour) of its term on which it ended or is."""

    shown: Shown
    agency: str
    term: str
    number: int


async def show(request: web.Request) -> web.StreamResponse:
    """The document, in the language of the case where the pages speak it. Noted like the case's page.

    What is on the screen only speaks the reader's language.
    """
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    async with gateway.store.read() as conn:
        case = await queue.find(conn, principal, request.match_info["number"])
        messages, events = await queue.story(conn, case.id)
        files = await attachments.of_messages(conn, [message.id for message in messages])
        derived = (await standing.derived(conn, catalog, [case.id], now=now)).get(case.id)
        person, _ = await queue.contact(conn, case.contact_id)
    audit.seen(request, Action.CASE_OPENED, case.number, agency=case.agency, detail="document")
    language = locale.chosen(case.language) or auth.language_of(request)
    return render(
        request,
        "console/document.html",
        language=language,
        own=auth.language_of(request),
        say=locale.say,
        case=case,
        names={agency.key: _name(catalog, agency.key, language) for agency in catalog.agencies.values()},
        deployment=catalog.gateway.name.get(language) or catalog.gateway.name[catalog.default_language],
        name=person.name,
        masked=_telephone(case.reply_urn),
        said=sorted([*_asked(messages, files), *_answered(messages, events)], key=lambda one: one.id),
        transfers=list(_transfers(events, catalog, language)),
        clocks=_clocks(panel(catalog, derived.clocks, now), catalog, language, now) if derived else [],
        printed_at=now,
    )


def _telephone(urn: str | None) -> str:
    """The end of a telephone number; the address of a chat or a page says nothing on paper."""
    return shown.masked(urn) if urn and urn.startswith(("tel:", "whatsapp:")) else ""


def _name(catalog: Catalog, key: str, language: str) -> str:
    agency = catalog.agencies.get(key)
    return agency.name.get(language, agency.short) if agency else key


def _asked(messages: Sequence[Any], files: Mapping[int, Sequence[Any]]) -> Iterator[Said]:
    first = True
    for message in messages:
        if message.direction != "in" or message.kind in _ASIDE:
            continue
        heading = "request" if first else "correction" if message.version_of else "more"
        first = False
        yield Said(
            id=message.id, heading=heading, ours=False, at=message.at, channel=message.channel,
            texts=[text for text in (message.text, message.decoded_text) if text], files=files.get(message.id, ()),
        )  # fmt: skip


def _answered(messages: Sequence[Any], events: Sequence[Any]) -> Iterator[Said]:
    """What the agency said, each answer whole, however many messages carried it; what was taken back was never said."""
    sent = {str(message.id): message for message in messages if message.direction == "out" and message.kind != "undone"}
    for event in events:
        if event.kind != EventKind.REPLIED and event.kind not in _ASKING:
            continue
        parts = [sent[each] for each in event.data.get("messages", ()) if each in sent]
        if not parts:
            continue
        asks = event.kind in _ASKING
        heading = "completion" if asks else "answer" if event.data.get("final") else "reply"
        yield Said(
            id=parts[0].id, heading=heading, ours=True, at=event.at, channel=parts[0].channel,
            texts=[joined([part.text for part in parts])], status=parts[-1].status,
        )  # fmt: skip


def _transfers(events: Sequence[Any], catalog: Catalog, language: str) -> Iterator[Transfer]:
    for event in events:
        if event.kind == EventKind.TRANSFERRED:
            before, after = (_name(catalog, str(event.data.get(end, "")), language) for end in ("from", "to"))
            yield Transfer(at=event.at, before=before, after=after, reason=str(event.data.get("reason", "")))


def _clocks(found: Panel, catalog: Catalog, language: str, now: datetime) -> list[Measured]:
    """The agencies' clocks, the first one first, then the citizen's."""
    ordered = [*reversed(found.earlier), found.present, found.citizen]
    return [
        Measured(
            shown=each,
            agency=_name(catalog, each.clock.agency, language),
            term=_class(catalog, each.clock.term_class, language),
            number=counted(each.clock, now),
        )
        for each in ordered
    ]


def _class(catalog: Catalog, key: str, language: str) -> str:
    term = catalog.terms.get(key)
    return term.name.get(language, key) if term else key


def counted(clock: Clock, now: datetime) -> int:
    """The day of the term (or the hour) on which a clock ended, stopped, or is: 0 is the day of receipt."""
    at = clock.ended_at or now
    spent = clock.n - clock.left(now)
    if at > clock.due_at and clock.suspended_at is None:
        late = (at - clock.due_at) / _HOUR
        if clock.term.unit is not Unit.HOURS:
            late = clock.count.between(clock.local(clock.due_at), clock.local(at), clock.term.unit)
        spent += late
    return int(spent)
