"""Telephones that exist only here: what stands on their screens, in memory and within bounds."""

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

# Messages kept a phone and channel, and phones kept.
KEPT: Final = 200
PHONES: Final = 200
# Those the page offers: number, name and Telegram language of their owners.
OFFERED: Final = (
    ("+573005550001", "Ana Lucía Torres", "es"),
    ("+573005550002", "José Ignacio Nieves", "es"),
    ("+573005550003", "Mary Johnson", "en"),
    ("+573005550004", "Luz Marina Kuiru", "es"),
)
_LISTED: Final = 6
_STRANGER: Final = ("Persona de prueba", "es")
# Telegram's ids are larger than 32 bits nowadays.
_FIRST_CHAT: Final = 7_000_000_000


@dataclass(slots=True, kw_only=True)
class Text:
    """A text message on a phone. `mine` is True when its owner wrote it; `status` is the provider's word."""

    id: str
    mine: bool
    text: str
    at: datetime
    # The service number at the other end.
    number: str
    status: str
    media: int = 0
    version: int = 0


@dataclass(slots=True, kw_only=True)
class ChatMessage:
    """A message of the Telegram chat. `buttons` are rows of (label, data)."""

    id: int
    mine: bool
    text: str
    at: datetime
    buttons: list[list[tuple[str, str]]] = field(default_factory=list)
    ask_phone: str | None = None
    # The data of the button that was pressed and not yet answered by the bot, and the bot's notice.
    pressed: str | None = None
    notice: str | None = None
    photo: str | None = None
    version: int = 0


@dataclass(slots=True, kw_only=True)
class Session:
    """A USSD session. `accumulated` is every input so far, joined with `*`, as the provider repeats it."""

    id: str
    service_code: str
    accumulated: str
    screen: str = ""
    open: bool = True
    hops: int = 0
    # How it ended, in words for the desk.
    ended: str | None = None
    version: int = 0


@dataclass(slots=True)
class Phone:
    """One handset."""

    number: str
    name: str
    language: str
    texts: deque[Text] = field(default_factory=lambda: deque(maxlen=KEPT))
    chat: deque[ChatMessage] = field(default_factory=lambda: deque(maxlen=KEPT))
    session: Session | None = None
    # Set by the first message to the bot: before that it may not write.
    chat_started: bool = False
    message_ids: Any = field(default_factory=lambda: count(1))

    @property
    def chat_id(self) -> int:
        """The owner's Telegram id, always the same for a number."""
        return _FIRST_CHAT + int(self.number.lstrip("+") or 0) % 1_000_000_000

    @property
    def is_used(self) -> bool:
        """Whether somebody at this desk has had it in their hands."""
        return self.session is not None or self.chat_started or any(text.mine for text in self.texts)

    def find_chat_message(self, message_id: int) -> ChatMessage | None:
        """A message of the chat by its id."""
        return next((each for each in self.chat if each.id == message_id), None)


class Phones:
    """All handsets. `version` grows with every change, so that a page can ask for what is new."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._phones: OrderedDict[str, Phone] = OrderedDict()
        self.clock = clock
        self.version = 0
        for number, _, _ in OFFERED:
            self.get(number)

    def get(self, number: str) -> Phone:
        """The handset of a number, made when it is new; the one used longest ago is given up for it."""
        phone = self._phones.get(number)
        if phone is None:
            name, language = next(((name, language) for n, name, language in OFFERED if n == number), _STRANGER)
            phone = self._phones[number] = Phone(number, name, language)
            self._forget_beyond_bounds()
        self._phones.move_to_end(number)
        return phone

    def _forget_beyond_bounds(self) -> None:
        """The offered ones stay, whatever crowd is written to."""
        offered = {number for number, _, _ in OFFERED}
        if len(self._phones) > PHONES:
            del self._phones[next(number for number in self._phones if number not in offered)]

    def of_chat(self, chat_id: int) -> Phone | None:
        """The handset whose owner has this Telegram id."""
        return next((phone for phone in self._phones.values() if phone.chat_id == chat_id), None)

    def all(self) -> list[Phone]:
        """Every handset."""
        return list(self._phones.values())

    def listed(self) -> list[Phone]:
        """Those a page shows: the offered ones in their order, then the latest others somebody has written from."""
        offered = [self.get(number) for number, _, _ in OFFERED]
        used = [phone for phone in reversed(self._phones.values()) if phone not in offered and phone.is_used]
        return offered + used[:_LISTED]

    def changed(self, thing: Text | ChatMessage | Session) -> None:
        """Note that a thing on a screen is new or different."""
        self.version += 1
        thing.version = self.version

    def add_text(self, phone: Phone, *, mine: bool, text: str, number: str, status: str, media: int = 0) -> Text:
        """Put a text message on a phone."""
        sid = ("MM" if media else "SM") + secrets.token_hex(16)
        made = Text(
            id=sid, mine=mine, text=text, at=self.clock(), number=number, status=status, media=media
        )  # fmt: skip
        phone.texts.append(made)
        self.changed(made)
        return made

    def add_chat(self, phone: Phone, *, mine: bool, text: str, **more: Any) -> ChatMessage:
        """Put a message into the Telegram chat."""
        made = ChatMessage(id=next(phone.message_ids), mine=mine, text=text, at=self.clock(), **more)
        phone.chat.append(made)
        self.changed(made)
        return made
