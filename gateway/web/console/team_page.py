"""`/console/team`: who carries what at an agency, what nobody has, and what is overdue."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.errors import Forbidden, Invalid, NotFound, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.staffing.days_left import BUCKETS, LATE
from gateway.staffing.team import Load, Team, team
from gateway.store import absences, queue, standings
from gateway.store.queue import Filter
from gateway.web import audit, auth, charts, csv_file, locale, refusals, shown
from gateway.web.charts import Bar
from gateway.web.console.beside import beside, chosen_agency
from gateway.web.console.due import chip
from gateway.web.console.report_charts import Chart
from gateway.web.pages import render

# Of what nobody has and of what is overdue, this much is shown: the rest is in the queue's views.
_FIRST: Final = 25
# Of one person's cases, what one act can give to others.
_OF_ONE: Final = 200
COLUMNS: Final = (
    "agency", "login", "name", "role", "on_duty", "away_until", "open", "due_soon", "overdue", "waiting",
    "answered_this_week", "may_carry",
)  # fmt: skip

# A list of cases: its name, its rows, and whether there is more.
Listed = tuple[str, list[Any], bool]


async def reader(request: web.Request) -> Principal:
    """Who asks; Forbidden unless they supervise, or audit."""
    principal = await auth.principal(request)
    if not (principal.may(Right.SUPERVISE) or principal.may(Right.READ_AUDIT)):
        raise Forbidden("this needs the right to supervise, which your role has not")
    return principal


async def show(request: web.Request) -> web.StreamResponse:
    """The team; with `?member=`, one person and their cases."""
    return await team_page(request, asked=request.query, done=request.query.get("done"))


async def team_page(
    request: web.Request,
    *,
    asked: Mapping[str, Any],
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
    picked: Collection[str] = (),
    done: str | None = None,
) -> web.Response:
    """The page; with a refusal, its status and what was typed."""
    principal = await reader(request)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    agency = chosen_agency(request, principal, str(asked.get("agency", "")))
    found, (frame, lists) = await asyncio.gather(
        _team(gateway, principal, agency), _around(gateway, principal, agency, lists=not asked.get("member"))
    )
    one, away = _one(found, str(asked.get("member", ""))) if found else None, []
    if one:
        async with gateway.store.read() as conn:
            lists = await _lists(conn, gateway, principal, agency, one)
            away = await absences.to_come(conn, one.id, now=gateway.clock()) if one.member else []
    if found and refusal is None:
        audit.seen(request, Action.REPORT_VIEWED, "team", agency=agency)
    return render(
        request,
        "console/team.html",
        status=refusal.status if refusal else 200,
        trouble=refusals.sentence(refusal, language) if refusal else None,
        faulty=refusal.field if isinstance(refusal, Invalid) else None,
        typed=defaultdict(str, typed or {}),
        picked=picked,
        done=done,
        n=shown.row_id(request.query.get("n", "")) or 0,
        team=found,
        whole=found.whole if found else None,
        chart=distribution(found, language) if found else None,
        one=one,
        away=away,
        lists=lists,
        most_of_one=_OF_ONE,
        may_supervise=principal.may(Right.SUPERVISE),
        here_agency=agency,
        **frame,
    )


async def _team(gateway: Gateway, principal: Principal, agency: str | None) -> Team | None:
    """The team; None where no agency is chosen."""
    if agency is None:
        return None
    return await team(gateway.store, gateway.current().catalog, principal, agency, now=gateway.clock())


async def _around(
    gateway: Gateway, principal: Principal, agency: str | None, *, lists: bool
) -> tuple[dict[str, Any], list[Listed]]:
    """What stands beside the team, and what presses first, if that is asked for."""
    async with gateway.store.read() as conn:
        frame = await beside(conn, gateway, principal, agency=agency)
        return frame, await _lists(conn, gateway, principal, agency, None) if agency and lists else []


def _one(found: Team, member: str) -> Load | None:
    """The person whose part of the page is open. NotFound when they are not of this team."""
    if not member:
        return None
    wanted = shown.row_id(member)
    for load in found.loads:
        if load.id == wanted:
            return load
    raise NotFound("there is no such member of staff that you may see")


async def _lists(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, agency: str | None, one: Load | None
) -> list[Listed]:
    """The lists of the page: what presses first, or one person's cases."""
    now = gateway.clock()
    if one is not None:
        wanted = {"member": (Filter(agency=agency, assignee_id=one.id, state=("open", "waiting")), _OF_ONE, _OF_ONE)}
    else:
        wanted = {
            "unassigned": (Filter(agency=agency, state=("open",), unassigned=True), _FIRST, _FIRST),
            # Half of them may be nobody's.
            "overdue": (Filter(agency=agency, overdue_at=now), 2 * _FIRST, _FIRST),
        }
    lists = []
    for name, (filter, limit, most) in wanted.items():
        rows, following = await queue.listed(conn, principal, filter, limit=limit)
        # What is overdue and nobody has stands in the first list already.
        rows = [row for row in rows if name != "overdue" or row.assignee_id is not None]
        more, rows = following is not None or len(rows) > most, rows[:most]
        last = await standings.last_clocks(conn, [row.id for row in rows])
        catalog = gateway.current().catalog
        lists.append((name, [(row, chip(catalog, row, now, last.get(row.id))) for row in rows], more))
    return lists


def distribution(found: Team, language: str) -> Chart | None:
    """Open cases by the working days they have left; None of none."""
    counts = found.days_left
    if not sum(counts):
        return None
    names = [_bucket(first, last, language) for first, last in BUCKETS]
    ticks = [_tick(first, last) for first, last in BUCKETS]
    title = locale.say(language, "team.days_chart")
    late = sum(counts[:LATE])
    svg = charts.bars(
        "days-left",
        title=title,
        desc=locale.say(language, "team.days_desc", late=late, n=sum(counts)),
        found=[
            Bar(value=n, tick=tick, shown=str(n) if n else "") for n, tick in zip(counts, ticks, strict=True)
        ],
    )  # fmt: skip
    head = (locale.say(language, "team.days_left"), locale.say(language, "report.amount"))
    return Chart(svg=svg, title=title, head=head, rows=list(zip(names, map(str, counts), strict=True)))


def _tick(first: int | None, last: int | None) -> str:
    """Below the bars: "-5…-1" past due, "6-10" to go."""
    if first is None:
        return f"≤-{-(last or 0)}"
    if last is None:
        return f"{first}+"
    if first == last:
        return str(first)
    return f"-{-first}…-{-last}" if last < 0 else f"{first}-{last}"


def _bucket(first: int | None, last: int | None, language: str) -> str:
    """In the table: in words."""
    if last is not None and last < 0:
        key = "late_more" if first is None else "late"
        return locale.say(language, f"team.bucket.{key}", first=-last, last=-(first or 0))
    if first == last:
        return locale.say(language, "team.bucket.today") if first == 0 else str(first)
    return locale.say(language, "team.bucket.more", first=first) if last is None else f"{first}-{last}"


async def export(request: web.Request) -> web.StreamResponse:
    """The team's table as a file."""
    principal = await reader(request)
    gateway = request.app[GATEWAY]
    agency = chosen_agency(request, principal)
    if agency is None:
        raise Invalid("agency", "name the agency whose team is meant")
    found = await team(gateway.store, gateway.current().catalog, principal, agency, now=gateway.clock())
    audit.seen(request, Action.EXPORTED, "team", agency=agency)

    async def blocks() -> AsyncIterator[Sequence[Sequence[object]]]:
        yield [_cells(agency, load) for load in (*found.loads, found.nobody)]

    return await csv_file.stream(request, f"team-{agency}.csv", COLUMNS, blocks())


def _cells(agency: str, load: Load) -> list[object]:
    """One row: whoever does not answer here has a name and no login; nobody has neither."""
    member, until = load.member, load.absence.until_at if load.absence else None
    return [
        agency, member.login if member else "", load.name, member.role if member else "",
        int(load.on_duty) if member else "", until.isoformat() if until else "",
        load.open, load.soon, load.overdue, load.waiting, load.answered, load.may_carry or "",
    ]  # fmt: skip
