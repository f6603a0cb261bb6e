"""The questions: who asks what, by which way, and what is done with those that open no case."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from channels.message import Attachment
from gateway.demo.corpus import Entry
from gateway.demo.days import season
from gateway.demo.files import attached
from gateway.demo.lives import CaseLife
from gateway.demo.past import Life
from gateway.demo.people import Citizen, Crowd
from gateway.demo.plots import plot
from gateway.demo.telling import World
from gateway.files import Files
from gateway.store import demo as rows

# Somebody who wrote so lately would go on with the same case.
_APART: Final = timedelta(days=11)
_LATELY: Final = timedelta(days=20)
# Citizens who are remembered as such who may ask again.
_REGULARS: Final = 400


class Questions:
    """Asks one question after the other."""

    def __init__(self, world: World, files: Files, *, seed: str, ends: datetime, first_block: int) -> None:
        self._world = world
        self._files = files
        self._seed = seed
        self._ends = ends
        catalog = world.past.deployment.catalog
        self._catalog = catalog
        self._crowd = Crowd(catalog, random.Random(f"{seed} crowd"), first_block=first_block)  # noqa: S311
        self._agencies = [agency for agency in world.corpus.entries if agency in catalog.agencies]
        self._regulars: list[Citizen] = []

    async def ask(self, place: int) -> Life:
        """The question of that place, and what becomes of it."""
        rng = random.Random(f"{self._seed} {place}")  # noqa: S311
        past, citizens = self._world.past, self._world.citizens
        entry = self._entry(rng)
        who = self._citizen(entry.language, rng)
        way = citizens.way(rng)
        facts = self._crowd.facts(who, entry.language)
        if rng.random() < 0.012:
            entry = self._vague(entry, rng)
        wrong = tuple(rng.sample(self._agencies, 3))
        drawn = plot(rng, age=self._ends - past.now, wrong=tuple(each for each in wrong if each != entry.agency))
        if way == "telegram" and rng.random() < 0.3:
            await citizens.share_phone(who)
            yield past.now + timedelta(seconds=rng.randint(15, 90))
        number = await self._asked(who, way, entry, facts, drawn.detours[:1], rng)
        if number is None or number in self._world.alive:
            return
        if rng.random() < 0.012:
            entry, drawn = self._advert(entry, rng), replace(drawn, ending="spam", detours=())
        life = CaseLife(self._world, who, entry, drawn, number=number, way=way, facts=facts, rng=rng)
        async for instant in life.live():
            yield instant
        self._may_come_again(who)
        if rng.random() < 0.012:
            yield past.now + timedelta(hours=rng.uniform(1, 60))
            await citizens.say(who, "sms" if way == "ussd" else way, rng.choice(("SALIR", "ESTADO", "AYUDA")))

    def _entry(self, rng: random.Random) -> Entry:
        corpus, day = self._world.corpus, self._world.past.now.date()
        weights = [corpus.weights[agency] * season(agency, day) for agency in self._agencies]
        agency = rng.choices(self._agencies, weights)[0]
        entries: Sequence[Entry] = corpus.entries[agency]
        return rng.choices(entries, [1 if each.language == "en" else 3 for each in entries])[0]

    def _vague(self, entry: Entry, rng: random.Random) -> Entry:
        return replace(entry, question=rng.choice(self._world.corpus.said("es", "vague")), file=None)

    def _advert(self, entry: Entry, rng: random.Random) -> Entry:
        return replace(entry, question=rng.choice(self._world.corpus.said("es", "advert")), file=None)

    def _citizen(self, language: str, rng: random.Random) -> Citizen:
        """Somebody new; of seven, one who has asked before."""
        now = self._world.past.now
        if self._regulars and rng.random() < 0.15:
            who = rng.choice(self._regulars)
            if who.language == language and who.heard_at is not None and now - who.heard_at > _APART:
                self._regulars.remove(who)
                return who
        return self._crowd.citizen(language)

    def _may_come_again(self, who: Citizen) -> None:
        """Their case is over: what they ask after a while is another one."""
        who.heard_at = self._world.past.now
        self._regulars = [*self._regulars[1 - _REGULARS :], who]

    async def _asked(
        self, who: Citizen, way: str, entry: Entry, facts: dict[str, str], reached: tuple[str, ...], rng: random.Random
    ) -> str | None:
        """Ask; the number of the case it is in, or None. `reached`: the agency it goes to by mistake."""
        citizens = self._world.citizens
        text = citizens.worded(who, entry.question, facts, rng)
        lately = self._ends - self._world.past.now < _LATELY
        if way == "ussd" and lately and not reached:
            sent = await citizens.dial(who, text, drops=rng.random() < 0.12)
            return await rows.latest_of(self._world.past.conn, str(who.addresses["sms"])) if sent else None
        agency = reached[0] if reached else entry.agency
        told: tuple[tuple[str, str], ...] = ()
        if way in ("web", "ussd") and (reached or rng.random() < 0.6):
            told = (("agency", agency),) if reached else (("topic", f"{agency}.{entry.topic}"),)
        elif reached:
            text = f"{self._catalog.agencies[agency].keywords[0]} {text}"
        if way == "web":
            told = (*told, ("territory", who.town))
        files: tuple[Attachment, ...] = ()
        if entry.file and way in ("web", "whatsapp") and rng.random() < 0.8:
            files = (attached(entry.file, self._files, self._catalog.gateway.files, rng),)
        received, key = await citizens.say(who, way, text, facts=told, files=files)
        if key and rng.random() < 0.04:
            await citizens.say(who, way, text + self._edit(facts), version_of=key)
        return received.number

    def _edit(self, facts: dict[str, str]) -> str:
        return self._world.corpus.said("es", "edited")[0].format(**facts)
