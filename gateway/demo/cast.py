"""Those who answer, in the made-up past: who is there, who is away, and how an agency keeps its terms."""

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.demo.people import Colleague
from gateway.errors import Conflict
from gateway.principal import Principal, Role
from gateway.store import absences
from gateway.store import staff as rows
from gateway.store.staff import Newcomer

_REASONS: Final = ("vacaciones", "incapacidad", "comisión de servicios", "licencia de maternidad", "capacitación")
# Of a hundred answers, how many come in time, where it is not the rest's 94.
_IN_TIME: Final[Mapping[str, int]] = {
    "supersalud": 83, "unidad-victimas": 84, "colpensiones": 87, "mineducacion": 88, "icetex": 89, "igac": 86,
    "alcaldia-quibdo": 85, "superservicios": 92, "sena": 97, "parques": 99, "alcaldia-leticia": 97, "ideam": 99,
    "registraduria": 96, "mindeporte": 98,
}  # fmt: skip
_OTHERS_IN_TIME: Final = 94


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who works here, by agency, and when they are away."""

    of: Mapping[str, Sequence[Principal]]
    central: Sequence[Principal]
    by_id: Mapping[int, Principal]
    away: Mapping[int, Sequence[tuple[datetime, datetime]]]

    def somebody(self, agency: str, at: datetime, rng: random.Random) -> Principal:
        """A manager of the agency who is there; else the central desk."""
        there = [each for each in self.of.get(agency, ()) if not self._is_away(each.id, at)]
        managers = [each for each in there if each.role is Role.MANAGER]
        return rng.choice(managers or there or list(self.central))

    def _is_away(self, staff_id: int, at: datetime) -> bool:
        return any(begins <= at < ends for begins, ends in self.away.get(staff_id, ()))


def in_time(agency: str) -> float:
    """The share of an agency's answers that come in time."""
    return _IN_TIME.get(agency, _OTHERS_IN_TIME) / 100


async def engage(conn: AsyncConnection, colleagues: Sequence[Colleague], *, beside: bool, now: datetime) -> Cast:
    """Write down who works here, without passwords; who has a login already stays who they are.

    `beside` cases that are there, those who work at an agency answer: only where nobody does, somebody comes.
    """
    there = await rows.listed(conn)
    have = {member.login for member in there}
    if beside:
        served = {member.agency for member in there}
        colleagues = [each for each in colleagues if each.agency not in served]
    newcomers = [
        Newcomer(login=each.login, name=each.name, role=each.role, agency=each.agency, password_hash=None)
        for each in colleagues
        if each.login not in have
    ]
    if newcomers:
        await rows.add_all(conn, newcomers, now=now)
    principals = [
        Principal(id=member.id, name=member.name, role=Role(member.role), agency=member.agency)
        # Engines sort logins in their own ways, and lots are drawn from this list.
        for member in sorted(await rows.listed(conn), key=lambda member: member.login)
        if member.active
    ]
    return Cast(
        of=_by_agency(principals),
        central=[each for each in principals if each.role is Role.TRIAGE],
        by_id={each.id: each for each in principals},
        away={},
    )


def _by_agency(principals: Sequence[Principal]) -> dict[str, list[Principal]]:
    found: dict[str, list[Principal]] = {}
    for each in principals:
        if each.agency is not None:
            found.setdefault(each.agency, []).append(each)
    return found


async def absent(
    conn: AsyncConnection, cast: Cast, *, begins: datetime, ends: datetime, rng: random.Random
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Note absences of a third of the managers; some are away now, some will be."""
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for managers in cast.of.values():
        for each in managers[1:]:
            if rng.random() < 0.33:
                away = begins + (ends + timedelta(days=20) - begins) * rng.random()
                back = away + timedelta(days=rng.choice((2, 5, 8, 15)))
                reason = rng.choice(_REASONS)
                # Beside other cases, somebody may be noted as away already.
                with suppress(Conflict):
                    await absences.add(conn, each.id, from_at=away, until_at=back, reason=reason)
                    found[each.id] = [(away, back)]
    return found
