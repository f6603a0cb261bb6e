"""What the composer of a case's page offers: drafts, canned answers, colleagues, and the way back from an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.gsm import measure
from gateway import canned
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import canned as canned_store
from gateway.store import colleagues, drafts, queue, undoing
from gateway.store.drafts import Draft
from gateway.web import auth, locale
from gateway.web.pages import HEADERS
from gateway.web.shown import tame_name
from routing import case_number

# What a list below the words shows, and what the list of a page without scripts does.
_SHOWN: Final = 12
_LISTED: Final = 100
# What is typed after a mark; nobody looks for more. In characters.
_SOUGHT: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedAnswer:
    """A canned answer as it would be said in a case. `segments` is None where nothing is counted in SMS."""

    id: int
    shortcut: str
    title: str
    language: str
    text: str
    segments: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """What somebody has begun in a case, by kind, and what they may put in."""

    drafts: Mapping[str, Draft] = field(default_factory=dict)
    canned: Sequence[CannedAnswer] = ()


async def composer(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, case: Any, name: str | None
) -> Composer:
    """The composer of a case that was found with the principal, and its citizen's name; empty for who only reads."""
    if not principal.may(Right.WORK_CASES):
        return Composer()
    return Composer(
        drafts=await drafts.of_case(conn, case.id, principal.id),
        canned=await _canned(conn, gateway, principal, case, name, limit=_LISTED),
    )


async def answer_text(conn: AsyncConnection, gateway: Gateway, principal: Principal, case: Any, answer_id: int) -> str:
    """A canned answer as it is said in a case. NotFound when it is not theirs to use."""
    row = await canned_store.get(conn, principal, answer_id)
    person, _ = await queue.contact(conn, case.contact_id)
    return canned.filled(gateway.current().catalog, case, person.name, row.text)


async def _canned(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, case: Any, name: str | None,
    *, sought: str = "", limit: int,
) -> list[CannedAnswer]:  # fmt: skip
    """The best match first; those in the case's language before the others."""
    catalog = gateway.current().catalog
    spoken = catalog.language(case.language)
    found = await canned_store.matching(
        conn, principal, None, sought, agency=case.agency, limit=canned_store.MOST
    )  # fmt: skip
    found.sort(key=lambda row: row.language != spoken)
    channel = gateway.channels.get(case.reply_channel)
    weighs = channel is not None and channel.capabilities.segments
    said = [(row, canned.filled(catalog, case, name, row.text)) for row in found[:limit]]
    return [
        CannedAnswer(
            id=row.id, shortcut=row.shortcut, title=row.title, language=row.language, text=text,
            segments=measure(text).segments if weighs else None,
        )
        for row, text in said
    ]  # fmt: skip


async def answers(request: web.Request) -> web.StreamResponse:
    """`GET …/answers?q=`: the canned answers that somebody means who has typed `/` and this."""
    principal, gateway = await _worker(request), request.app[GATEWAY]
    async with gateway.store.read() as conn:
        case = await queue.find(conn, principal, request.match_info["number"])
        person, _ = await queue.contact(conn, case.contact_id)
        found = await _canned(conn, gateway, principal, case, person.name, sought=_sought(request), limit=_SHOWN)
    return _listed([_option(each, case, gateway, auth.language_of(request)) for each in found])


def _option(answer: CannedAnswer, case: Any, gateway: Gateway, reader: str) -> dict[str, str]:
    foreign = answer.language != gateway.current().catalog.language(case.language)
    language = locale.maybe(reader, f"app.language.{answer.language}") or answer.language
    weight = "" if answer.segments is None else locale.say(reader, "meter.segments", n=answer.segments)
    detail = " · ".join(filter(None, (language if foreign else "", weight)))
    name = f"/{answer.shortcut} {tame_name(answer.title)}"
    return {"name": name, "detail": detail, "text": answer.text}


async def named(request: web.Request) -> web.StreamResponse:
    """`GET …/colleagues?q=`: whom somebody may mean who has typed `@` and this: those who may read the case."""
    principal, gateway = await _worker(request), request.app[GATEWAY]
    async with gateway.store.read() as conn:
        case = await queue.find(conn, principal, request.match_info["number"])
        found = await colleagues.matching(conn, case, _sought(request), but=principal.id, limit=_SHOWN)
    reader = auth.language_of(request)
    return _listed(
        [
            {"name": tame_name(row.name), "detail": f"@{row.login} · {locale.say(reader, f'role.{row.role}')}",
             "text": f"@{row.login} "}
            for row in found
        ]
    )  # fmt: skip


async def leaves_in(conn: AsyncConnection, request: web.Request, principal: Principal) -> tuple[str, float] | None:
    """The case that `?undo=` names and how many seconds are left to take its answer back; None when none are."""
    number = request.query.get("undo", "")
    if not case_number.is_valid(number) or not principal.may(Right.WORK_CASES):
        return None
    at = await undoing.leaves_at(conn, principal, number)
    left = (at - request.app[GATEWAY].clock()).total_seconds() if at else 0
    return (number, round(left, 1)) if left > 0 else None


async def _worker(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    return principal


def _sought(request: web.Request) -> str:
    return request.query.get("q", "")[:_SOUGHT]


def _listed(options: Sequence[Mapping[str, str]]) -> web.Response:
    return web.json_response({"options": list(options)}, headers=HEADERS)
