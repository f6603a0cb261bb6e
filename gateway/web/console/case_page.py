"""`/console/cases/{number}`: everything about a case, and what may be done with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.desk import OUTCOMES
from gateway.errors import Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import attachments, duplicates, queue, viewing
from gateway.timekeeping import standing
from gateway.web import audit, auth, refusals, shown
from gateway.web.console.composer import composer, leaves_in
from gateway.web.console.due import chip, of_clock
from gateway.web.console.queue_page import rail
from gateway.web.console.story import INLINE, Told, actors
from gateway.web.console.suggested import chosen, suggested
from gateway.web.console.terms_panel import panel, span, verbs
from gateway.web.console.views import counts, views
from gateway.web.console.written_down import written_down
from gateway.web.pages import render
from routing.case import CITIZEN, CaseState
from routing.catalog import Catalog

log = structlog.get_logger()

# Of the same person; whoever has more is looked up by the number.
_EARLIER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody had typed when it was refused: it comes back on the page. `form` names the form."""

    form: str = "reply"
    fields: Mapping[str, str] = field(default_factory=dict)

    def get(self, form: str, name: str) -> str:
        """The field of that form, or ""."""
        return self.fields.get(name, "") if form == self.form else ""


async def show(request: web.Request) -> web.StreamResponse:
    """The case as it stands."""
    filled = await chosen(request)
    typed = Typed(form=filled[0], fields=filled[1]) if filled else None
    return await case_page(request, typed=typed, done=request.query.get("done"))


async def case_page(
    request: web.Request,
    *,
    refusal: Refusal | None = None,
    typed: Typed | None = None,
    revealed: bool = False,
    done: str | None = None,
) -> web.Response:
    """The page; with a refusal, its status and what was typed. NotFound when the case is not theirs to see."""
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway = request.app[GATEWAY]
    number = request.match_info["number"]
    async with gateway.store.read() as conn:
        told = await _story(conn, gateway, principal, number, language=auth.language_of(request))
    catalog = gateway.current().catalog
    around, similar = await asyncio.gather(
        _around(request, principal, told), suggested(gateway.store, principal, told["case"], catalog=catalog)
    )
    values = {**told, **around, **_terms(request, principal, told), "suggested": similar}
    if refusal is None:
        action = Action.ADDRESS_REVEALED if revealed else Action.CASE_OPENED
        audit.seen(request, action, values["case"].number, agency=values["case"].agency)
    sentence = refusals.sentence(refusal, auth.language_of(request)) if refusal else None
    return render(
        request,
        "console/case.html",
        status=refusal.status if refusal else 200,
        trouble=sentence,
        typed=typed or Typed(),
        revealed=revealed,
        done=done,
        **values,
    )


async def story(request: web.Request) -> web.StreamResponse:
    """The head, the story and the terms alone, for a page that is open. `?seen=` is the last event it shows."""
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    async with gateway.store.read() as conn:
        values = await _story(conn, gateway, principal, request.match_info["number"], language=language)
    # What has come since is read by this, so it is noted like the page itself.
    audit.seen(request, Action.CASE_OPENED, values["case"].number, agency=values["case"].agency, detail="live")
    seen = shown.row_id(request.query.get("seen", "")) or 0
    fresh = [event for event in values["events"] if event.id > seen and event.actor != principal.actor]
    by = next((event.actor for event in reversed(fresh) if event.actor.startswith(("staff:", "token:"))), None)
    wrote = any(event.actor == CITIZEN for event in fresh)
    return render(
        request,
        "console/story.html",
        by=values["told"].who(by) if by else None,
        wrote=wrote,
        typed=Typed(),
        **_terms(request, principal, values),
        **values,
    )


async def _story(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, number: str, *, language: str
) -> dict[str, Any]:
    now, catalog = gateway.clock(), gateway.current().catalog
    case = await queue.find(conn, principal, number)
    messages, events = await queue.story(conn, case.id)
    earlier, _ = await queue.listed(
        conn, principal, queue.Filter(contact_id=case.contact_id), order="received", limit=_EARLIER
    )
    staff_ids = actors(events) | ({case.assignee_id} if case.assignee_id else set())
    names = await queue.names_of(conn, sorted(staff_ids))
    told = Told(
        messages=messages,
        events=events,
        files=await attachments.of_messages(conn, [message.id for message in messages]),
        names=names,
        agencies={agency.key: agency.short for agency in catalog.agencies.values()},
        classes={key: term.name.get(language, key) for key, term in catalog.terms.items()},
    )
    present = await viewing.of_cases(conn, [case.id], but=principal.id, now=now)
    derived = (await standing.derived(conn, catalog, [case.id], now=now)).get(case.id)
    found = derived.clocks if derived else None
    return {
        "case": case,
        "chip": of_clock(catalog, found.present, now) if found else chip(catalog, case, now),
        "derived": derived,
        "told": told,
        "timeline": told.timeline(),
        "events": events,
        "present": present.get(case.id, []),
        "questions": sum(message.direction == "in" for message in messages),
        "others": [row for row in earlier if row.id != case.id],
        "owner": names.get(case.assignee_id or 0),
        "may": _may(principal, case),
        "inline": INLINE,
    }


async def _around(request: web.Request, principal: Principal, told: Mapping[str, Any]) -> dict[str, Any]:
    """What stands around the story of a case that was found with the principal."""
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    case = told["case"]
    known = views(principal, now=now, timezone=catalog.gateway.timezone)
    async with gateway.store.read() as conn:
        person, addresses = await queue.contact(conn, case.contact_id)
        leader, led = await duplicates.beside(conn, principal, case)
        held = await counts(conn, principal, known)
        written = await composer(conn, gateway, principal, case, person.name)
        leaving = await leaves_in(conn, request, principal)
    return {
        "leaving": leaving,
        "person": person,
        "composer": written,
        "addresses": addresses,
        "written_down": written_down(case, told["told"], person.name),
        "leader": leader,
        "led": led,
        "standing_for": len(led),
        "capable": _capable(gateway, case),
        "outcomes": OUTCOMES,
        "masked": shown.masked,
        "full": shown.revealed,
        "label": _labels(catalog, case),
        "view": "",
        **rail(gateway, held, agency=None),
    }


def _terms(request: web.Request, principal: Principal, told: Mapping[str, Any]) -> dict[str, Any]:
    """The clocks of a case that was found with the principal, and what may be done with them."""
    gateway = request.app[GATEWAY]
    now, catalog = gateway.clock(), gateway.current().catalog
    case, derived = told["case"], told["derived"]
    if derived is None:
        return {"terms": None}
    return {
        "terms": panel(catalog, derived.clocks, now),
        "verbs": verbs(catalog, principal, case, derived, now),
        "span": span(derived.clocks.present),
        "classes": _classes(catalog, case, auth.language_of(request)),
    }


def _classes(catalog: Catalog, case: Any, language: str) -> list[tuple[str, str]]:
    """The classes a case may be given instead of its own. How long a transfer may take is a term, but no petition."""
    found = [(key, term.name.get(language, key)) for key, term in catalog.terms.items()]
    return [(key, name) for key, name in found if key not in (case.term_class, "transfer")]


def _capable(gateway: Gateway, case: Any) -> Any:
    channel = gateway.channels.get(case.reply_channel)
    return channel.capabilities if channel else None


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Which forms are offered; the desk decides again when they come."""

    work: bool
    reply: bool
    take: bool
    take_over: bool
    release: bool
    transfer: bool
    close: bool
    reopen: bool
    merge: bool
    separate: bool


def _may(principal: Principal, case: Any) -> May:
    work = principal.may(Right.WORK_CASES)
    is_open = CaseState(case.state).is_open
    mine = case.assignee_id == principal.id
    holds = case.assignee_id in (None, principal.id) or principal.agency is None
    return May(
        work=work,
        # Who asked at the counter and left no number comes for the answer: it is written all the same.
        reply=work and holds and (case.reply_urn is not None or case.transcribed_by is not None),
        take=work and is_open and case.assignee_id is None,
        take_over=work and is_open and case.assignee_id is not None and not mine,
        release=work and case.assignee_id is not None and holds,
        transfer=work and is_open,
        close=work and case.state != CaseState.CLOSED,
        reopen=work and not is_open,
        merge=work and is_open and case.duplicate_of is None,
        separate=work and case.duplicate_of is not None,
    )


def _labels(catalog: Catalog, case: Any) -> dict[str, Mapping[str, str]]:
    """The configured names of the case's agency, topic and class, by language; empty where they are gone."""
    agency = catalog.agencies.get(case.agency)
    topic = agency.topic(case.topic) if agency else None
    term = catalog.terms.get(case.term_class)
    return {
        "agency": agency.name if agency else {},
        "topic": topic.label if topic else {},
        "term": term.name if term else {},
    }


async def reveal(request: web.Request) -> web.StreamResponse:
    """The page with the person's addresses in full; who looked, and at which case, is logged."""
    principal = await auth.principal(request)
    response = await case_page(request, revealed=True)
    log.info("addresses revealed", actor=principal.actor, case=request.match_info["number"])
    return response
