"""Sessions such as USSD: a turn in, the next screen out, in the same commit as the case it may open.

Everything about a session is in its row, so a restart or another process continues it. A repeated request sees the
screen it saw before, and moves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.accumulated import SEPARATOR, remainder
from channels.channel import Capabilities, Screen
from channels.gsm import budget as free_units
from channels.gsm import fold
from channels.message import InboundMessage, SessionEnd, SessionTurn
from gateway import words
from gateway.deployment import Deployment
from gateway.inbound.selfservice import LISTED
from gateway.ledger import Received
from gateway.store import cases
from gateway.store import sessions as rows
from gateway.store.bulk import fetch
from gateway.store.schema import micros
from gateway.timekeeping import standing
from routing.catalog import Catalog
from routing.menu import Budget, MenuState, Step, step

log = structlog.get_logger()

Capable = Callable[[str], Capabilities]


@dataclass(slots=True, kw_only=True)
class Session:
    """A session as this batch sees it."""

    channel: str
    session_id: str
    urn: str
    language: str
    started_at: datetime
    state: MenuState | None
    accumulated: str
    screen: str
    final: bool
    turns: int
    draft: MenuState | None
    had_draft: bool
    drops_draft: bool = False


@dataclass(slots=True, kw_only=True)
class Walk:
    """One turn: its session, the question it may have sent, and whether it only repeats the turn before."""

    session: Session
    budget: Budget
    question: InboundMessage | None = None
    repeats: bool = False


def screen_budget(capabilities: Capabilities, *, folds: bool) -> Budget:
    """What a screen of a channel carries, in the characters its operator allows."""
    prepare = fold if folds else str

    def fits(text: str) -> bool:
        return (
            free_units(
                prepare(text), gsm7_characters=capabilities.screen_gsm7, ucs2_characters=capabilities.screen_ucs2
            )
            >= 0
        )

    return Budget(fits=fits, fold=prepare)


async def walk(
    conn: AsyncConnection, turns: Sequence[SessionTurn], *, deployment: Deployment, now: datetime, capable: Capable
) -> list[Walk]:
    """Take each turn's step. The screens are written by `show`, when questions have their case numbers."""
    sessions = await _sessions(conn, turns, deployment.catalog, now=now)
    walks = []
    for turn in turns:
        session = sessions[_key(turn)]
        folds = deployment.catalog.gateway.channels[turn.channel].fold_accents
        taken = Walk(session=session, budget=screen_budget(capable(turn.channel), folds=folds))
        await _take(conn, turn, taken, deployment.catalog, now=now)
        walks.append(taken)
    return walks


def _key(turn: SessionTurn) -> rows.Key:
    return turn.channel, turn.session_id, str(turn.sender)


async def _sessions(
    conn: AsyncConnection, turns: Sequence[SessionTurn], catalog: Catalog, *, now: datetime
) -> dict[rows.Key, Session]:
    stored = await rows.load(conn, map(_key, turns))
    fresh = [turn for turn in turns if _key(turn) not in stored]
    drafts = await rows.drafts(conn, (str(turn.sender) for turn in fresh)) if fresh else {}
    found: dict[rows.Key, Session] = {}
    for turn in turns:
        key = _key(turn)
        row = stored.get(key)
        if key not in found:
            found[key] = _resumed(row) if row is not None else _opened(turn, drafts, catalog, now=now)
    return found


def _resumed(row: Any) -> Session:
    state = MenuState.from_json(row.state["menu"]) if row.state else None
    return Session(
        channel=row.channel,
        session_id=row.session_id,
        urn=row.urn,
        language=state.language if state else "",
        started_at=row.started_at,
        state=state,
        accumulated=row.accumulated,
        screen=row.screen,
        final=row.final,
        turns=row.turns,
        draft=None,
        had_draft=bool(state and state.draft),
    )


def _opened(turn: SessionTurn, drafts: Mapping[str, str], catalog: Catalog, *, now: datetime) -> Session:
    draft = drafts.get(str(turn.sender))
    return Session(
        channel=turn.channel,
        session_id=turn.session_id,
        urn=str(turn.sender),
        language=catalog.default_language,
        started_at=now,
        state=None,
        accumulated="",
        screen="",
        final=False,
        turns=0,
        draft=MenuState.from_json(draft) if draft else None,
        had_draft=bool(draft),
    )


async def _take(conn: AsyncConnection, turn: SessionTurn, taken: Walk, catalog: Catalog, *, now: datetime) -> None:
    session = taken.session
    now_typed = turn.accumulated if turn.accumulated is not None else (turn.typed or "")
    if session.turns and turn.accumulated is not None and turn.accumulated == session.accumulated:
        taken.repeats = True
        return
    if session.turns and (session.final or turn.accumulated == ""):
        inputs = _begin_anew(turn, session, now=now)
    else:
        inputs = _inputs(turn, session)
    session.accumulated = now_typed
    session.turns += 1
    for typed in inputs:
        await _step(conn, turn, taken, catalog, typed=typed, now=now)
        if session.final:
            return


def _begin_anew(turn: SessionTurn, session: Session, *, now: datetime) -> list[str | None]:
    """Dialled again under the same id: what was half written is a draft, and its question another one than before."""
    after_the_end = bool(session.accumulated and turn.accumulated and remainder(session.accumulated, turn.accumulated))
    if session.state and session.state.draft:
        session.draft, session.had_draft = session.state, True
    session.state, session.accumulated, session.turns, session.final = None, "", 0, False
    session.started_at = now
    # Who types on after the last screen gets the first one: nothing of what was said is said again.
    return [None] if after_the_end else _inputs(turn, session)


def _inputs(turn: SessionTurn, session: Session) -> list[str | None]:
    """What the turn types, oldest first; None asks for the first screen."""
    if turn.accumulated is None:
        return [turn.typed] if session.turns else [None]
    if not session.turns:
        # Choices dialled with the code ("*1234*1*1#" arrives as "1*1"): dialled digits, so they may be split.
        dialled = turn.accumulated.split(SEPARATOR) if turn.accumulated else []
        return [None, *dialled]
    typed = remainder(session.accumulated, turn.accumulated)
    if typed is None:
        log.warning("session out of step, taken up from its last input", channel=turn.channel, turns=session.turns)
        return [turn.accumulated.rpartition(SEPARATOR)[2]]
    return [typed]


async def _step(
    conn: AsyncConnection, turn: SessionTurn, taken: Walk, catalog: Catalog, *, typed: str | None, now: datetime
) -> None:
    session = taken.session
    menu = catalog.menus[catalog.gateway.channels[turn.channel].menu or ""]
    after = step(menu, catalog, session.state, typed, budget=taken.budget, draft=session.draft)
    if after.wants == "cases":
        lines = await _case_lines(conn, session.urn, catalog, after.state.language, now=now)
        after = step(menu, catalog, after.state, None, budget=taken.budget, cases=lines)
    if after.submit:
        taken.question = _question(turn, session, after)
        session.drops_draft = True
    session.state, session.final = after.state, after.final
    session.language = after.state.language
    session.screen = taken.budget.fold(after.text)
    session.drops_draft = session.drops_draft or (session.had_draft and after.state.offered and not after.state.draft)


def _question(turn: SessionTurn, session: Session, after: Step) -> InboundMessage:
    if after.submit is None:
        raise AssertionError("nothing was submitted")
    return InboundMessage(
        channel=turn.channel,
        provider_id=f"{turn.session_id}|{session.urn}|{session.turns}|{micros(session.started_at)}",
        sender=turn.sender,
        text=after.submit.text,
        recipient=turn.dialled,
        facts=after.submit.facts,
        raw=turn.raw,
    )


async def _case_lines(conn: AsyncConnection, urn: str, catalog: Catalog, language: str, *, now: datetime) -> list[str]:
    window = timedelta(days=catalog.gateway.threading.reopening_days)
    [rows_found] = await fetch(conn, cases.known_to(conn, [urn], numbers=(), now=now, window=window))
    found = [case for known in cases.by_contact(rows_found).values() for case in known]
    found = await standing.told(conn, catalog, found[:LISTED], now=now)
    lines = [
        words.status_line(catalog, language, number=c.number, agency=c.agency, state=c.state, due_at=c.due_at or now)
        for c in found
    ]
    return lines or [catalog.say("status_none", language)]


async def show(
    conn: AsyncConnection,
    walks: Sequence[Walk],
    received: Mapping[tuple[str, str], Received],
    *,
    deployment: Deployment,
    now: datetime,
) -> list[Screen]:
    """The screens, the last ones with their case numbers; every session is written as it now stands."""
    for taken in walks:
        if taken.question:
            result = received[taken.question.channel, taken.question.provider_id]
            taken.session.screen = taken.budget.fold(
                deployment.catalog.say(
                    "ussd_done",
                    taken.session.language,
                    number=result.number,
                    agency=words.short_name(deployment.catalog, result.agency or ""),
                )
            )
    sessions = list({id(taken.session): taken.session for taken in walks}.values())
    await rows.save(conn, [_row(session, now) for session in sessions])
    await rows.keep_drafts(
        conn,
        [
            {"urn": s.urn, "state": {"menu": s.state.to_json()}, "at": micros(now)}
            for s in sessions
            if s.state and s.state.draft and not s.drops_draft
        ],
        [s.urn for s in sessions if s.drops_draft],
    )
    return [Screen(text=taken.session.screen, final=taken.session.final) for taken in walks]


def _row(session: Session, now: datetime) -> dict[str, Any]:
    return {
        "channel": session.channel,
        "session_id": session.session_id,
        "urn": session.urn,
        "started_at": micros(session.started_at),
        "seen_at": micros(now),
        "accumulated": session.accumulated,
        "state": {"menu": session.state.to_json()} if session.state else {},
        "screen": session.screen,
        "final": session.final,
        "turns": session.turns,
    }


async def end(conn: AsyncConnection, ended: Sequence[SessionEnd], *, now: datetime) -> None:
    """Remember how sessions ended; what was typed in them stays as a draft."""
    for one in ended:
        await rows.end(conn, one, now=now)
