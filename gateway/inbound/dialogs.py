"""Menus on a chat with buttons: the same menus as USSD's, walked by pressing.

A chat never ends, so its menu state is kept as one session a chat. Whoever simply writes is understood without any
menu; the menu only adds facts to what they write next, or moves a case they have just opened to the right agency.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import InboundMessage
from gateway.store import sessions as rows
from gateway.store.schema import micros
from routing.catalog import Catalog, Menu
from routing.commands import CommandKind, read
from routing.menu import MenuState, Step, step

CHAT = "chat"
# Payloads of our buttons: `m:<node>:<key>`, well below 64 bytes.
_PRESS = "m:"
# A fact that ties a menu walk to a case that already waits at the triage desk.
_CASE = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a chat message became. With `message` it goes on to be decided, otherwise the menu answers it."""

    message: InboundMessage | None = None
    text: str = ""
    raw: dict[str, Any] | None = None
    language: str | None = None
    wants_cases: bool = False
    # The facts chosen for a case that was already opened: case, agency, topic.
    reroute: dict[str, str] | None = None


class Dialogs:
    """The menus of the chats in one batch."""

    def __init__(self, catalog: Catalog, now: datetime) -> None:
        self._catalog = catalog
        self._now = now
        # A session channel's menu was walked before its message came here.
        self._menus = {
            name: catalog.menus[config.menu]
            for name, config in catalog.gateway.channels.items()
            if config.menu and config.answers_by is None
        }
        self._states: dict[rows.Key, MenuState] = {}
        self._changed: set[rows.Key] = set()

    @classmethod
    async def load(
        cls, conn: AsyncConnection, batch: Sequence[InboundMessage], *, catalog: Catalog, now: datetime
    ) -> "Dialogs":
        """Read where each chat of the batch is; no statement when it has none."""
        dialogs = cls(catalog, now)
        keys = [key for message in batch if (key := dialogs._key(message))]
        for key, row in (await rows.load(conn, keys)).items() if keys else ():
            if row.state:
                dialogs._states[key] = MenuState.from_json(row.state["menu"])
        return dialogs

    def concerns(self, message: InboundMessage) -> bool:
        """Whether a menu has, or had, anything to do with the message."""
        return bool(message.facts) or message.channel in self._menus

    def turn(self, message: InboundMessage, language: str) -> Turn:
        """Read a message in the light of the chat's menu."""
        key, menu = self._key(message), self._menus.get(message.channel)
        if key is None or menu is None:
            return Turn(message=message, language=dict(message.facts).get("language"))
        if message.choice and message.choice.startswith(_PRESS):
            return self._pressed(key, menu, message, language)
        command = read(message.text, self._catalog)
        if command and command.kind is CommandKind.START and not self._deep_link(key, menu, command.payload, language):
            return self._begin(key, menu, language)
        if command and command.kind is CommandKind.START:
            return self._shown(key, menu, step(menu, self._catalog, self._states[key], None))
        return Turn(message=self._with_facts(key, menu, message))

    def _begin(self, key: rows.Key, menu: Menu, language: str) -> Turn:
        first = step(menu, self._catalog, MenuState.start(menu, language=language), None)
        turn = self._shown(key, menu, first)
        greeting = self._catalog.say(
            "start", language, name=self._catalog.gateway.name[self._catalog.language(language)]
        )
        return replace(turn, text=f"{greeting}\n\n{turn.text}")

    def _deep_link(self, key: rows.Key, menu: Menu, payload: str | None, language: str) -> bool:
        """`/start sena` goes straight to the question for that agency."""
        question = _first(menu, "question")
        if payload not in self._catalog.agencies or question is None:
            return False
        self._keep(key, MenuState(language=language, node=question, facts=(("agency", payload or ""),)))
        return True

    def _pressed(self, key: rows.Key, menu: Menu, message: InboundMessage, language: str) -> Turn:
        _, _, rest = (message.choice or "").partition(":")
        node, _, pressed = rest.partition(":")
        state = self._states.get(key) or MenuState.start(menu, language=language)
        if node != state.node and node in {each.key for each in menu.nodes}:
            # A button of an older message: go back to where it stood.
            state = replace(state, node=node, page=0, lines=None)
        after = step(menu, self._catalog, state, pressed)
        if after.wants == "cases":
            self._keep(key, after.state)
            return Turn(wants_cases=True, language=after.state.language)
        facts = dict(after.state.facts)
        if _CASE in facts and _kind(menu, after.state.node) == "question":
            self._keep(key, MenuState.start(menu, language=after.state.language))
            return Turn(reroute=facts, language=after.state.language)
        return self._shown(key, menu, after)

    def _shown(self, key: rows.Key, menu: Menu, after: Step) -> Turn:
        self._keep(key, after.state)
        buttons = [[[label, f"{_PRESS}{after.state.node}:{pressed}"]] for pressed, label in after.options]
        # A screen without choices has room for the one question worth asking: may we know your phone number?
        raw = {"buttons": buttons} if buttons else {"ask_phone": self._catalog.say("ask_phone", after.state.language)}
        return Turn(text=_headline(after), raw=raw, language=after.state.language)

    def _with_facts(self, key: rows.Key, menu: Menu, message: InboundMessage) -> InboundMessage:
        """What is written at a menu's question carries what was chosen on the way."""
        state = self._states.get(key)
        if state is None or _kind(menu, state.node) != "question" or read(message.text, self._catalog):
            return message
        self._keep(key, MenuState.start(menu, language=state.language))
        facts = tuple(fact for fact in state.facts if fact[0] != _CASE)
        return replace(message, facts=(*message.facts, *facts))

    def offer_agencies(self, message: InboundMessage, language: str, case: dict[str, Any]) -> dict[str, Any] | None:
        """Buttons under the acknowledgement of a case nobody could place: the person may say whose it is."""
        key, menu = self._key(message), self._menus.get(message.channel)
        node = _towards_agencies(menu) if menu else None
        if key is None or menu is None or node is None:
            return None
        state = MenuState(language=language, node=node, facts=((_CASE, str(case["id"])),))
        after = step(menu, self._catalog, state, None)
        self._keep(key, after.state)
        return {"buttons": [[[label, f"{_PRESS}{node}:{pressed}"]] for pressed, label in after.options]}

    def _key(self, message: InboundMessage) -> rows.Key | None:
        return (message.channel, CHAT, str(message.sender)) if message.channel in self._menus else None

    def _keep(self, key: rows.Key, state: MenuState) -> None:
        self._states[key] = state
        self._changed.add(key)

    async def save(self, conn: AsyncConnection) -> None:
        """Write the chats that moved."""
        at = micros(self._now)
        await rows.save(
            conn,
            [
                {
                    "channel": key[0],
                    "session_id": key[1],
                    "urn": key[2],
                    "started_at": at,
                    "seen_at": at,
                    "accumulated": "",
                    "state": {"menu": self._states[key].to_json()},
                    "screen": "",
                    "final": False,
                    "turns": 1,
                }
                for key in sorted(self._changed)
            ],
        )


def _first(menu: Menu, kind: str) -> str | None:
    return next((node.key for node in menu.nodes if node.kind == kind), None)


def _kind(menu: Menu, key: str) -> str | None:
    return next((node.kind for node in menu.nodes if node.key == key), None)


def _towards_agencies(menu: Menu) -> str | None:
    """The node from which agencies are chosen: the list itself, or the menu of its groups."""
    lists = {node.key for node in menu.nodes if node.kind == "agencies"}
    groups = (node.key for node in menu.nodes if node.kind == "choose" and any(o.goto in lists for o in node.options))
    return next(groups, None) or next(iter(lists), None)


def _headline(after: Step) -> str:
    """The screen's text without its numbered lines, which are buttons here."""
    lines = after.text.split("\n")
    return "\n".join(lines[: len(lines) - len(after.options)]) or after.text
