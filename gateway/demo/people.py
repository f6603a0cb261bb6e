"""Made-up people: citizens with their addresses, and those who answer them. None of them lives."""

import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from channels.message import Address
from routing.catalog import Catalog

_WOMEN: Final = (
    "Ana", "Luz Marina", "Yolanda", "Marta", "Gloria", "Carmen", "Leidy", "Yuri", "Diana", "Paola", "Nubia", "Rosalba",
    "Kelly", "Daniela", "Valentina", "Sandra", "Esperanza", "Milena", "Aura", "Fanny", "Tatiana", "Ingrid", "Doris",
    "Blanca", "Viviana", "Zoraida", "Érika", "Jenny", "Camila", "Ximena",
)  # fmt: skip
_MEN: Final = (
    "José", "Luis", "Carlos", "Diego", "Wilson", "Jhon", "Edwin", "Fredy", "Álvaro", "Jairo", "Nelson", "Hernán",
    "Andrés", "Julián", "Kevin", "Brayan", "Óscar", "Rubén", "Gildardo", "Arnulfo", "Mateo", "Samuel", "Ferney",
    "Ovidio", "Yeison", "Duván", "Ramiro", "Efraín", "Iván", "Nicolás",
)  # fmt: skip
_SURNAMES: Final = (
    "Pérez", "Ruiz", "Mosquera", "Tapiero", "Cuartas", "Yagarí", "Quintero", "Rentería", "Palacios", "Chindoy",
    "Castaño", "Ospina", "Mendoza", "Barrios", "Arroyo", "Córdoba", "Rojas", "Suárez", "Peña", "Ibarra", "Salazar",
    "Murillo", "Caicedo", "Angulo", "Bonilla", "Vargas", "Torres", "Ipuana", "Epieyú", "Benavides", "Erazo", "Lozano",
    "Herrera", "Gutiérrez", "Cárdenas", "Muñoz", "Zapata", "Henao", "Jaramillo", "Noguera", "Piedrahíta", "Ahué",
)  # fmt: skip
_FOREIGNERS: Final = (
    "Emma Clarke", "Jonas Weber", "Aoife Byrne", "Liam Carter", "Sofia Rossi", "Noah Miller", "Hana Sato",
)  # fmt: skip
# +57 300 555 0000 and so on: numbers for stories.
FIRST_BLOCK: Final = 555
_TOWNS: Final = (
    ("11001", 22), ("05001", 10), ("76001", 9), ("08001", 6), ("13001", 5), ("68001", 4), ("54001", 5), ("52001", 5),
    ("27001", 6), ("91001", 7), ("50001", 3), ("41001", 3), ("73001", 3), ("66001", 3), ("44001", 4), ("20001", 3),
    ("19001", 4), ("23001", 3), ("86001", 2), ("76109", 3), ("52835", 3), ("25754", 3), ("05045", 2), ("44847", 2),
)  # fmt: skip
_QUARTERS: Final = (
    "La Esperanza", "El Porvenir", "San José", "Villa Luz", "Las Palmas", "Santa Rosa", "El Paraíso", "La Victoria",
    "Buenos Aires", "Los Álamos", "El Carmen", "Simón Bolívar", "Ciudad Nueva", "La Pradera",
)  # fmt: skip
_HAMLETS: Final = (
    "El Tablón", "La Honda", "Agua Bonita", "Palo Negro", "San Isidro", "Alto del Oso", "Puerto Lindo", "La Cristalina",
    "Quebrada Seca", "El Recreo", "Monte Frío", "Tres Esquinas",
)  # fmt: skip
_MONTHS: Final = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_ENGLISH_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Citizen:
    """Somebody who writes. `addresses` by the way they write: sms, whatsapp, telegram, web."""

    name: str
    language: str
    town: str
    phone: str
    addresses: dict[str, Address]
    types_plainly: bool
    # When they were last heard, so that another question of theirs is another case.
    heard_at: datetime | None = None
    told: dict[str, str] = field(default_factory=dict)


class Crowd:
    """Citizens, the same ones for the same seed."""

    def __init__(self, catalog: Catalog, rng: random.Random, *, first_block: int = FIRST_BLOCK) -> None:
        self._rng = rng
        self._towns = [(code, share) for code, share in _TOWNS if code in catalog.territories]
        self._names = catalog.territories
        self._phones = _phones(rng, first_block)

    def citizen(self, language: str) -> Citizen:
        """Somebody new."""
        rng = self._rng
        town = rng.choices([code for code, _ in self._towns], [share for _, share in self._towns])[0]
        phone = next(self._phones)
        addresses = {
            "sms": Address("tel", phone),
            "whatsapp": Address("whatsapp", phone),
            "telegram": Address("telegram", str(7_100_000_000 + rng.randrange(90_000_000))),
            "web": Address("web", f"{rng.getrandbits(128):032x}"),
        }
        return Citizen(
            name=rng.choice(_FOREIGNERS) if language == "en" and rng.random() < 0.6 else name(rng), language=language,
            town=town, phone=phone, addresses=addresses, types_plainly=rng.random() < 0.45,
        )  # fmt: skip

    def facts(self, citizen: Citizen, language: str) -> dict[str, str]:
        """What a question of theirs speaks of, for the names in braces."""
        rng = self._rng
        month = rng.randrange(12)
        return {
            "muni": self._names[citizen.town].removesuffix(" D.C."),
            "barrio": rng.choice(_QUARTERS),
            "vereda": rng.choice(_HAMLETS),
            "mes": (_ENGLISH_MONTHS if language == "en" else _MONTHS)[month],
            "n": str(rng.randint(2, 9)),
            "name": citizen.name,
            "digits": str(rng.randrange(100_000, 999_999)),
        }


def name(rng: random.Random) -> str:
    """A name with one or two surnames."""
    first = rng.choice(_WOMEN if rng.random() < 0.58 else _MEN)
    return " ".join((first, *rng.sample(_SURNAMES, rng.choice((1, 2, 2)))))


def _phones(rng: random.Random, first_block: int) -> Iterator[str]:
    """Mobile numbers that look like no operator's: 300 555 and four digits first, then its neighbours."""
    for block in range(first_block, 1000):
        for digits in rng.sample(range(10_000), 9_000):
            yield f"+57300{block:03d}{digits:04d}"


def plain(text: str) -> str:
    """As many type: no accents and no opening marks. The letter ñ stays, keypads have it."""
    kept = text.replace("ñ", "\0").replace("Ñ", "\1")
    folded = unicodedata.normalize("NFD", kept)
    return (
        "".join(c for c in folded if unicodedata.category(c) != "Mn" and c not in "¿¡")
        .replace("\0", "ñ")
        .replace("\1", "Ñ")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who is to work at an agency, or for the whole network."""

    login: str
    name: str
    role: str
    agency: str | None = None


def staff(catalog: Catalog, weights: Mapping[str, int], rng: random.Random) -> list[Colleague]:
    """Managers, as many as an agency needs, a head each, and those who serve the whole network."""
    taken: set[str] = set()
    found = [
        Colleague(login=agency.manager.login, name=agency.manager.name, role="manager", agency=agency.key)
        for agency in catalog.agencies.values()
        if agency.manager
    ]
    taken.update(each.login for each in found)
    for agency in catalog.agencies:
        more = min(5, weights.get(agency, 8) // 18)
        roles = ["head", *["manager"] * more]
        found += [_colleague(role, agency, taken, rng) for role in roles]
    return found + [_colleague("triage", None, taken, rng) for _ in range(2)] + list(NETWORK)


NETWORK: Final[Sequence[Colleague]] = (
    Colleague(login="operador", name="Operador de canales", role="operator"),
    Colleague(login="coordinacion", name="Coordinación central", role="triage"),
    Colleague(login="auditoria", name="Auditoría", role="auditor"),
    Colleague(login="administracion", name="Administración", role="administrator"),
)


def _colleague(role: str, agency: str | None, taken: set[str], rng: random.Random) -> Colleague:
    while True:
        called = name(rng)
        first, *_, last = plain(called).lower().replace("ñ", "n").split()
        login = f"{first}.{last}"
        if login not in taken:
            taken.add(login)
            return Colleague(login=login, name=called, role=role, agency=agency)
