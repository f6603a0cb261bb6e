"""Whom messages reached, how many went to and fro, and how short the answers were: counted by the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.store.bulk import Query, fetch
from gateway.store.schema import micros
from gateway.store.timeliness import Asked, Conditions, Dimension
from routing.timeliness import SHORT_ANSWER

_REACHED: Final = "('delivered', 'read')"
# What identifies a group of messages: the case's group as it is now, or the message's own channel and month.
_CASE_KEYS: Final = {
    Dimension.AGENCY: "c.agency",
    Dimension.CLASS: "c.term_class",
    Dimension.TERRITORY: "coalesce(c.territory, '')",
    Dimension.CHANNEL: "m.channel",
    Dimension.NONE: "''",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Messages and people, counted."""

    # key, n, short
    answers: Sequence[Any]
    # key, reached, wrote, came, went; and of all groups together
    people: Sequence[Any]
    everybody: Sequence[Any]


async def said(conn: AsyncConnection, principal: Principal, asked: Asked) -> Said:
    """What is counted of messages and people within the principal's boundary."""
    answers, people, everybody = await fetch(
        conn,
        _answers(principal, asked),
        _people(principal, asked, asked.by),
        _people(principal, asked, Dimension.NONE),
    )
    return Said(answers=answers, people=people, everybody=everybody)


def _message_key(asked: Asked, by: Dimension) -> str:
    if by is not Dimension.MONTH:
        return _CASE_KEYS[by]
    later = reversed(asked.months[1:])
    cases = " ".join(f"WHEN m.at >= {micros(begins)} THEN '{month}'" for month, begins in later)
    return f"CASE {cases} ELSE '{asked.months[0][0]}' END" if cases else f"'{asked.months[0][0]}'"


def _messages(principal: Principal, asked: Asked, by: Dimension) -> tuple[str, Conditions]:
    """FROM and WHERE of the period's messages. Messages of no case are counted where nothing is said of cases."""
    # What the staff is told by message reaches no citizen.
    where = Conditions(f"m.at >= {micros(asked.start)} AND m.at < {micros(asked.end)}", "m.kind <> 'staff_notice'")
    where.equal("c.agency", principal.agency)
    where.equal("c.agency", asked.agency)
    where.equal("c.term_class", asked.term_class)
    where.equal("m.channel", asked.channel)
    if asked.territory is not None:
        where.add(f"substr(c.territory, 1, {len(asked.territory)}) = ?", asked.territory)
    narrowed = (principal.agency, asked.agency, asked.term_class, asked.territory) != (None, None, None, None)
    of_cases = narrowed or by in (Dimension.AGENCY, Dimension.CLASS, Dimension.TERRITORY)
    return "message m JOIN cases c ON c.id = m.case_id" if of_cases else "message m", where


def _answers(principal: Principal, asked: Asked) -> Query:
    """Answers and the short ones. An answer that went out in parts has one instant."""
    source, where = _messages(principal, asked, asked.by)
    sql = (
        f"SELECT key, count(*), count(*) FILTER (WHERE size < {SHORT_ANSWER}) FROM"
        f" (SELECT {_message_key(asked, asked.by)} AS key, sum(length(m.text)) AS size FROM {source}"
        f" WHERE {where} AND m.direction = 'out' AND m.kind = 'answer' GROUP BY 1, m.case_id, m.at) AS answer"
        " GROUP BY 1"
    )
    return Query(sql, where.values, "key, n, short")


def _people(principal: Principal, asked: Asked, by: Dimension) -> Query:
    """People reached: they wrote, or a message to them was delivered; those who wrote; and all messages in and out.

    Notes are neither in nor out.
    """
    source, where = _messages(principal, asked, by)
    reached = f"m.direction = 'in' OR m.status IN {_REACHED}"
    sql = (
        "SELECT key, sum(reached), sum(CASE WHEN came > 0 THEN 1 ELSE 0 END), sum(came), sum(went) FROM"
        f" (SELECT {_message_key(asked, by)} AS key, m.contact_id,"
        f" max(CASE WHEN {reached} THEN 1 ELSE 0 END) AS reached,"
        " count(*) FILTER (WHERE m.direction = 'in') AS came, count(*) FILTER (WHERE m.direction = 'out') AS went"
        f" FROM {source} WHERE {where} AND m.direction IN ('in', 'out') GROUP BY 1, 2) AS person GROUP BY 1"
    )
    return Query(sql, where.values, "key, reached, wrote, came, went")
