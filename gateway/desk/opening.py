"""Cases that a person opens: of a message that asks two things, or of what was said on the phone or at the counter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import words
from gateway.clock import new_id
from gateway.desk.acts import LINE, Acts
from gateway.ledger import Ledger, reasons_data
from gateway.store import cases as case_store
from gateway.store import schema as t
from routing import case_number
from routing.case import CITIZEN, CaseState, EventKind
from routing.reading import Reason
from routing.terms import due


class Opening(Acts):
    """What opening a case takes; its clocks are kept by who calls it, when everything is said."""

    async def _open(
        self,
        conn: AsyncConnection,
        fields: dict[str, Any],
        *,
        received_at: datetime,
        text: str,
        rule: str,
        actor: str,
        reasons: Sequence[Reason] = (),
    ) -> dict[str, Any]:
        """A new case, received when its message was, with the beginning of its log; its row comes back.

        `fields` are what the row takes from elsewhere: contact, channels, agency, topic, class, language; `reasons` why
        it went to that agency.
        """
        now, catalog = self._clock(), self._current().catalog
        year = int(words.day(now, catalog)[-4:])
        clock = due(catalog, agency=fields["agency"], term_class=fields["term_class"], received_at=received_at)
        row: dict[str, Any] = dict.fromkeys(column.name for column in t.cases.c) | fields | {
            "id": new_id(),
            "number": case_number.format_number(year, await case_store.take_numbers(conn, year, 1)),
            "state": CaseState.OPEN,
            "received_at": received_at,
            "active_at": now,
            "waiting_since": received_at,
            "due_at": clock.due_at,
            "citizen_due_at": clock.due_at,
            "effective": clock.effective.isoformat(),
            "last_line": text[:LINE],
            "last_by": CITIZEN,
            "failed_delivery": False,
            "version": 1,
        }  # fmt: skip
        await conn.execute(t.cases.insert().values(**row))
        ledger = Ledger(received_at)
        ledger.event(row["id"], EventKind.RECEIVED, actor=actor, rule=rule, reasons=[])
        ledger.event(
            row["id"], EventKind.ROUTED, agency=row["agency"], topic=row["topic"], term_class=row["term_class"],
            rule=rule, reasons=reasons_data(reasons),
        )  # fmt: skip
        await ledger.write(conn)
        return row
