"""Citizens' texts that an agency words in its own way: which ones, what they must hold, and how they come into force.

They are kept in the database and laid over the configuration in memory, so that taking a message in reads nothing
for them. A change is in force at once in the process that made it, and within seconds in every other.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway import words
from gateway.catalog.file import folding
from gateway.catalog.texts import ONE_SEGMENT, REQUIRED_TEXTS, segment_fault, wording_faults
from gateway.errors import Invalid
from gateway.store import own_texts as rows
from gateway.store.engine import Store
from routing import case_number
from routing.catalog import Catalog

log = structlog.get_logger()

# What is said in an agency's name. The rest is the deployment's: menus, commands, and news to staff.
NAMES: Final = (
    "ack_new", "ack_added", "ack_reopened", "answer_prefix", "transferred", "completion_asked", "extended", "closed",
    "web_thanks",
)  # fmt: skip
# Characters: a notice is read on a telephone.
LONGEST: Final = 500
# Seconds between two looks at what other processes have changed.
_LOOK: Final = 5.0

# In an example: why a case goes to another agency, and why it needs more time.
_REASONS: Final = {
    "es": ("el trámite es de esa entidad", "falta un concepto técnico"),
    "en": ("that agency handles it", "an expert's opinion is missing"),
}
# By agency, language and name.
OwnTextsOf = Mapping[tuple[str, str, str], str]


def checked(catalog: Catalog, *, agency: str, language: str, name: str, text: str) -> str:
    """An agency's wording, trimmed, by the same rules as the configuration's. Invalid names the first thing wrong."""
    if name not in NAMES:
        raise Invalid("name", "no agency words this text in its own way")
    if language not in catalog.gateway.languages:
        raise Invalid("language", "choose one of the deployment's languages")
    said = text.replace("\r\n", "\n").strip()
    if len(said) > LONGEST:
        raise Invalid("text", f"a text has at most {LONGEST} characters")
    for sentence in wording_faults(said, REQUIRED_TEXTS[name]):
        raise Invalid("text", sentence)
    folded = folding(catalog.gateway, language) if name in ONE_SEGMENT else None
    long = None if folded is None else segment_fault(said, [catalog.agencies[agency]], folded=folded)
    if long:
        raise Invalid("text", long)
    return said


def example(catalog: Catalog, *, agency: str, name: str, language: str, text: str, now: datetime) -> str:
    """A text as somebody would read it."""
    # Whoever is named in the news of a transfer is the one that gets the case.
    other = next((key for key in catalog.agencies if key != agency), agency)
    facts = {
        "number": case_number.format_number(now.year, 1),
        "agency": words.short_name(catalog, other if name == "transferred" else agency),
        "date": words.day(now, catalog),
        "due": words.day(now + timedelta(days=21), catalog),
        "reason": _REASONS.get(language, _REASONS["en"])[name == "extended"],
    }
    for placeholder in REQUIRED_TEXTS[name]:
        text = text.replace("{" + placeholder + "}", facts[placeholder])
    return text


def usable(kept: OwnTextsOf) -> dict[tuple[str, str, str], str]:
    """Those that can be said: a text of another version's, or with other placeholders, gives way to the default."""
    return {
        key: text
        for key, text in kept.items()
        if key[2] in NAMES and not any(wording_faults(text, REQUIRED_TEXTS[key[2]]))
    }


class OwnTexts:
    """Brings what the database holds into force: `apply` is given all of it whenever it has changed."""

    def __init__(self, store: Store, *, apply: Callable[[OwnTextsOf], None]) -> None:
        self._store = store
        self._apply = apply
        self._held: OwnTextsOf = {}
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """What is kept is in force when this returns; then it is looked at again and again."""
        await self.read()
        self._task = asyncio.create_task(self._serve(), name="own texts")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def read(self) -> None:
        """Bring into force what is kept now; after a change, call this when it is committed."""
        # An older look that comes back later must not undo a newer one.
        async with self._reading:
            async with self._store.read() as conn:
                kept = usable(await rows.every(conn))
            if kept != self._held:
                self._apply(kept)
                self._held = kept

    async def _serve(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            try:
                await self.read()
            except (SQLAlchemyError, OSError) as error:
                log.warning("agencies' own texts could not be read", error=type(error).__name__)
