"""What the forms of the team's page do. Each ends with a redirect; a refusal gives the page and the words back."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.errors import Conflict, Invalid, NotFound
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.staffing import absences, duty
from gateway.store import team as rows
from gateway.store.audit import Entry
from gateway.web import audit, auth, shown
from gateway.web.console.beside import chosen_agency
from gateway.web.console.team_page import team_page
from gateway.web.pages import Handler, see
from routing.terms import counted

# Of one act; the page shows no more of one person's.
_MOST: Final = 200

Form = dict[str, str]
# What a form does; the key below `team.done.` of the line that tells it comes back, and how many cases it moved.
Work = Callable[[web.Request, Principal, Form], Awaitable[tuple[str, int]]]


def act(work: Work) -> Handler:
    """The handler of one form."""

    async def handle(request: web.Request) -> web.StreamResponse:
        principal = await auth.principal(request)
        principal.need(Right.SUPERVISE)
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        if "id" in request.match_info:
            form["member"] = request.match_info["id"]
        try:
            done, n = await work(request, principal, form)
        except (Conflict, Invalid) as refusal:
            picked = [str(each) for each in (await request.post()).getall("case", [])]
            return await team_page(request, asked=form, refusal=refusal, typed=form, picked=picked)
        agency = chosen_agency(request, principal, form.get("agency")) if principal.agency is None else None
        wanted = {"agency": agency, "member": form.get("member"), "done": done, "n": n or None}
        raise see("/console/team?" + urlencode({name: value for name, value in wanted.items() if value}))

    return handle


async def assign(request: web.Request, principal: Principal, form: Form) -> tuple[str, int]:
    """Give the cases that are ticked to somebody, or offer them again."""
    numbers = [str(each) for each in (await request.post()).getall("case", [])][:_MOST]
    if not numbers:
        raise Invalid("case", "tick the cases that are meant")
    desk, reason = request.app[GATEWAY].desk, form.get("reason", "")
    if form.get("do") == "offer":
        done = await desk.offer_all_again(principal, numbers, reason)
        detail = f"{len(done)} offered again"
    else:
        staff_id = shown.row_id(form.get("to", ""))
        if staff_id is None:
            raise Invalid("to", "choose who is to have the cases")
        done = await desk.assign_all(principal, numbers, staff_id, reason)
        detail = f"{len(done)} to staff:{staff_id}"
    if not done:
        raise Conflict("none of these cases could be moved: see where they are now")
    audit.seen(request, Action.CASES_CHANGED, "team", agency=chosen_agency(request, principal, form.get("agency")),
               detail=detail)  # fmt: skip
    return ("offered" if form.get("do") == "offer" else "assigned"), len(done)


async def set_duty(request: web.Request, principal: Principal, form: Form) -> tuple[str, int]:
    """On duty, or off."""
    gateway, on_duty = request.app[GATEWAY], form.get("on") == "1"

    async def work(conn: AsyncConnection) -> None:
        login = await _login(conn, form)
        await duty.set_on_duty(
            conn, gateway.current().catalog, principal, login, on_duty=on_duty, now=gateway.clock(),
            audited=_audited(request, login, Action.STAFF_DUTY_CHANGED, "on duty" if on_duty else "off duty"),
        )  # fmt: skip

    await gateway.store.transact(work)
    gateway.timekeeper.wake()
    return ("on_duty" if on_duty else "off_duty"), 0


async def set_capacity(request: web.Request, principal: Principal, form: Form) -> tuple[str, int]:
    """How many open cases somebody may be given; empty: as many as the agency says."""
    said = form.get("capacity", "").strip()
    capacity = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0 if said else None

    async def work(conn: AsyncConnection) -> None:
        login = await _login(conn, form)
        audited = _audited(request, login, Action.STAFF_DUTY_CHANGED, f"capacity {capacity or 'as configured'}")
        await duty.set_capacity(conn, principal, login, capacity, audited=audited)

    await request.app[GATEWAY].store.transact(work)
    return "capacity", 0


async def leave(request: web.Request, principal: Principal, form: Form) -> tuple[str, int]:
    """Note an absence: from the beginning of a day (or from now) to the end of one (or until they are back)."""
    gateway, now = request.app[GATEWAY], request.app[GATEWAY].clock()
    first, last = _day(form, "from"), _day(form, "until")

    async def work(conn: AsyncConnection) -> None:
        login = await _login(conn, form)
        begins = _midnight(request, principal, form, first) if first else now
        ends = _midnight(request, principal, form, last + timedelta(days=1)) if last else None
        await absences.note(
            conn, principal, login, from_at=max(begins, now), until_at=ends, reason=form.get("reason", ""), now=now,
            audited=_audited(request, login, Action.STAFF_ABSENCE_CHANGED, "absent"),
        )  # fmt: skip

    await gateway.store.transact(work)
    gateway.timekeeper.wake()
    return "absent", 0


async def come_back(request: web.Request, principal: Principal, form: Form) -> tuple[str, int]:
    """End an absence, or strike out one that has not begun."""
    gateway = request.app[GATEWAY]

    async def work(conn: AsyncConnection) -> None:
        login = await _login(conn, form)
        await absences.end(
            conn, principal, login, shown.row_id(form.get("absence", "")) or 0, now=gateway.clock(),
            audited=_audited(request, login, Action.STAFF_ABSENCE_CHANGED, "back"),
        )  # fmt: skip

    await gateway.store.transact(work)
    gateway.timekeeper.wake()
    return "back", 0


async def _login(conn: AsyncConnection, form: Form) -> str:
    """Whose page it is. What is theirs to change is decided where it is changed."""
    member = await rows.member(conn, shown.row_id(form.get("member", "")) or 0)
    if member is None:
        raise NotFound("there is no such member of staff that you may see")
    return str(member.login)


def _day(form: Form, name: str) -> date | None:
    try:
        return date.fromisoformat(form[name]) if form.get(name) else None
    except ValueError:
        raise Invalid(name, f"{name} must be a date") from None


def _midnight(request: web.Request, principal: Principal, form: Form, day: date) -> datetime:
    """When a day begins where the agency is."""
    catalog = request.app[GATEWAY].current().catalog
    agency = chosen_agency(request, principal, form.get("agency")) or catalog.gateway.triage
    return datetime.combine(day, time(0), counted(catalog, agency).zone)


_MEMBER: Final = "{id:[0-9]{1,19}}"
# Below /console/team.
ACTS: Final[dict[str, Work]] = {
    "assign": assign,
    f"{_MEMBER}/duty": set_duty,
    f"{_MEMBER}/capacity": set_capacity,
    f"{_MEMBER}/absence": leave,
    f"{_MEMBER}/back": come_back,
}


def _audited(request: web.Request, login: str, action: Action, detail: str) -> list[Entry]:
    return [audit.done(request, action, f"staff:{login}", detail=detail)]
