"""What citizens do: they ask by some channel, add to it, say thanks, and come back."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Final

from channels.message import Attachment, InboundMessage, SessionEnd, SessionTurn
from gateway.demo.corpus import Corpus
from gateway.demo.past import Past
from gateway.demo.people import Citizen, plain
from gateway.ledger import Received

# Way -> the provider that carries it, and how many of a hundred questions come by it.
WAYS: Final[Mapping[str, tuple[str, int]]] = {
    "sms": ("twilio", 38), "whatsapp": ("twilio", 12), "telegram": ("telegram", 21), "web": ("web", 17),
    "ussd": ("africastalking", 12),
}  # fmt: skip
_SERVICE: Final = {"sms": "+576017440000", "whatsapp": "+576017440000", "ussd": "*484#"}
# A question that greets by itself.
_GREETED: Final = ("Buen", "buen", "Hola", "hola", "Hello", "Hi", "parce", "Señor")
# A USSD screen that shows the question again must hold it. In characters.
_TYPED_ON_A_KEYPAD: Final = 110
# What leads to the question for whom the menu's subjects do not help: ask, not sure. Before them comes the language.
_TO_THE_QUESTION: Final = ("1", "8")
_LANGUAGES: Final = {"es": "1", "en": "2"}


class Citizens:
    """Lets citizens write by the channels of the deployment."""

    def __init__(self, past: Past, corpus: Corpus, *, run: str) -> None:
        self._past = past
        self._corpus = corpus
        # Part of every provider's id: another run's are others.
        self._run = run
        self._ids = count(1)
        channels = past.deployment.catalog.gateway.channels
        self._channel = {channel.provider: name for name, channel in reversed(channels.items())}
        self.ways = {way: share for way, (provider, share) in WAYS.items() if provider in self._channel}

    def way(self, rng: random.Random) -> str:
        """How the next question comes."""
        return rng.choices(list(self.ways), list(self.ways.values()))[0]

    def worded(self, who: Citizen, question: str, facts: Mapping[str, str], rng: random.Random) -> str:
        """A question as this person would write it: greeted, signed, in a hurry."""
        said = self._corpus.said
        greeting = rng.choice(said(who.language, "greetings"))
        if question.startswith(_GREETED):
            greeting = ""
        ending = rng.choice(said(who.language, "endings")).format(**facts)
        text = " ".join(part for part in (greeting, question.format(**facts), ending) if part)
        return self.typed(who, text, rng)

    def typed(self, who: Citizen, text: str, rng: random.Random) -> str:
        """A text as this person types."""
        if who.types_plainly:
            text = plain(text)
        if rng.random() < 0.03:
            text = text.upper()
        return text if rng.random() > 0.12 else text[:1].lower() + text[1:]

    def phrase(self, who: Citizen, use: str, facts: Mapping[str, str], rng: random.Random) -> str:
        """A phrase of theirs."""
        return self.typed(who, rng.choice(self._corpus.said(who.language, use)).format(**facts), rng)

    async def say(
        self,
        who: Citizen,
        way: str,
        text: str,
        *,
        facts: tuple[tuple[str, str], ...] = (),
        files: tuple[Attachment, ...] = (),
        version_of: str | None = None,
    ) -> tuple[Received, str | None]:
        """One message; what became of it, and the key by which it can be edited."""
        message = self._message(who, way, text)
        told = ({"language": who.language} | dict(facts) if way in ("web", "ussd") else dict(facts)).items()
        message = replace(message, facts=tuple(told), attachments=files, version_of=version_of)
        who.heard_at = self._past.now
        return await self._past.intake.receive(message), message.raw.get("message_key")

    def _message(self, who: Citizen, way: str, text: str) -> InboundMessage:
        number = next(self._ids)
        named = way != "sms" and way != "ussd"
        raw: dict[str, str] = {}
        if way == "telegram":
            raw["message_key"] = f"{who.addresses['telegram'].value}:{self._run}{number}"
        return InboundMessage(
            channel=self._channel[WAYS[way][0]],
            provider_id=f"{'SM' if way in ('sms', 'whatsapp') else ''}{self._run}{number:012d}",
            sender=who.addresses["sms" if way == "ussd" else way],
            text=text,
            also=(who.addresses["sms"],) if way == "whatsapp" else (),
            recipient=_SERVICE.get(way),
            sender_name=who.name if named else None,
            language=who.language if way in ("telegram", "web") else None,
            sent_at=self._past.now - timedelta(seconds=2) if way == "telegram" else None,
            raw=raw,
        )

    async def share_phone(self, who: Citizen) -> None:
        """Press the button that shares one's number, so that the chat and the telephone are one person."""
        message = replace(self._message(who, "telegram", ""), also=(who.addresses["sms"],))
        await self._past.intake.receive(message)

    async def dial(self, who: Citizen, question: str, *, drops: bool) -> bool:
        """Ask in a USSD session, screen by screen; a line may drop before the question is sent. True when it was."""
        typed = question[:_TYPED_ON_A_KEYPAD].replace("*", " ")
        session, channel = f"ATUid_{self._run}{next(self._ids)}", self._channel["africastalking"]
        presses = ("", _LANGUAGES[who.language], *_TO_THE_QUESTION, typed, "1")
        final = False
        for place in range(len(presses) - drops):
            turn = SessionTurn(
                channel=channel, session_id=session, sender=who.addresses["sms"], dialled="*484#", network="732101",
                accumulated="*".join(presses[1 : place + 1]),
            )  # fmt: skip
            final = (await self._past.intake.turn(turn)).final
            self._past.pass_by(timedelta(seconds=7))
        end = SessionEnd(channel=channel, session_id=session, sender=who.addresses["sms"], completed=final)
        await self._past.intake.end(end)
        who.heard_at = self._past.now
        return final
