"""What a message is to a person's cases: a new one, part of one, a reason to reopen one, or a command.

The order, and the first that holds decides:

    an edit            belongs where its message went, never to a new case
    a command          the whole message, with at most a case number after it
    a case number      of this person's, anywhere in the text
    another agency     asked for by keyword or menu: a new case
    a conversation     an open case with recent activity
    an ended case      thanks are kept with it; anything else reopens it
    otherwise          a new case, linked to the latest one
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from channels.message import InboundMessage
from routing import case_number, commands
from routing.case import KnownCase
from routing.catalog import Catalog
from routing.commands import Command
from routing.reading import Reading, Reason, text_of
from routing.rules import Route, RuleSet
from routing.thanks import only_thanks


class ThreadRule(StrEnum):
    """Which rule of threading decided. The words are kept in the event log."""

    CASE_NUMBER = "case_number"
    COMMAND = "command"
    OTHER_AGENCY = "other_agency"
    CONVERSATION = "conversation"
    THANKS = "thanks"
    REOPENED = "reopened"
    NEW = "new"
    EDIT = "edit"


class Action(StrEnum):
    """What is to be done with the message."""

    CREATE = "create"
    APPEND = "append"
    REOPEN = "reopen"
    RECORD = "record"  # store it with the ended case and start nothing
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why.

    `case` is the case the message belongs to (APPEND, REOPEN, RECORD). A new case (CREATE) has a `route`, and a
    `predecessor` when this person had one before. `mistyped` is a number in the text that leads nowhere: its check
    digit is wrong, or it is none of theirs.
    """

    action: Action
    rule: ThreadRule
    case: KnownCase | None = None
    predecessor: KnownCase | None = None
    command: Command | None = None
    route: Route | None = None
    reasons: tuple[Reason, ...] = ()
    mistyped: str | None = None


def decide(
    message: InboundMessage,
    known: Sequence[KnownCase],
    *,
    catalog: Catalog,
    rules: RuleSet,
    now: datetime,
    wants_new: bool = False,
) -> Decision:
    """What this message is, given the person's cases. `now` is the gateway's clock, never the provider's.

    `wants_new`: the person said NEW just before, so this starts a case whatever else holds. There is always a
    decision: a number that leads nowhere is noted and the message goes on.
    """
    return _Deciding(message, known, catalog=catalog, rules=rules, now=now).decision(wants_new=wants_new)


class _Deciding:
    """One decision under way: what is known, and the trail so far."""

    __slots__ = ("catalog", "known", "message", "mistyped", "now", "reading", "rules", "text", "trail")

    def __init__(
        self, message: InboundMessage, known: Sequence[KnownCase], *, catalog: Catalog, rules: RuleSet, now: datetime
    ) -> None:
        self.message, self.known, self.catalog, self.rules, self.now = message, known, catalog, rules, now
        self.text = text_of(message)
        self.reading = Reading(message, "")
        self.reading.language = catalog.language(self.reading.fact("language") or message.language)
        self.trail: list[Reason] = []
        self.mistyped: str | None = None

    def decision(self, *, wants_new: bool) -> Decision:
        if self.message.version_of is not None and (edit := self._edit()):
            return edit
        if command := self._command():
            return command
        named = self._named()
        if wants_new:
            self.trail.append(Reason("wants_new"))
            return self._create(ThreadRule.NEW, after=named)
        if named is not None:
            return self._to_named(named)
        return (self._continued() if self.known else None) or self._create(ThreadRule.NEW)

    def _edit(self) -> Decision | None:
        if not self.known:
            self.trail.append(Reason("edit_unknown"))
            return None
        case = _latest(self.known)
        self.trail.append(Reason("edited", case.number))
        return self._with(case, Action.APPEND if case.state.is_open else Action.RECORD, ThreadRule.EDIT)

    def _command(self) -> Decision | None:
        # What came with a file, or through a menu's question, was written for somebody to read.
        if self.message.attachments or self.reading.choice().agency is not None:
            return None
        slashed = self.text.lstrip()[:1] == "/"
        command = (
            commands.read(self.text, self.catalog) if slashed else commands.read_words(self.reading.words, self.catalog)
        )
        if command is None:
            return None
        if command.kind is commands.CommandKind.STATUS and command.payload:
            self._note("mistyped", command.payload)
        self.trail.append(Reason("command", command.kind.value))
        return Decision(
            Action.COMMAND, ThreadRule.COMMAND, command=command, reasons=tuple(self.trail), mistyped=self.mistyped
        )

    def _named(self) -> KnownCase | None:
        """The first case of theirs that the text names. Every other number is noted."""
        named = None
        valid, mistyped = case_number.numbers_in(self.reading.folded)
        for number in valid:
            case = next((case for case in self.known if case.number == number), None)
            if case is None:
                self._note("not_mine", number)
            named = named or case
        for number in mistyped:
            self._note("mistyped", number)
        return named

    def _to_named(self, case: KnownCase) -> Decision:
        self.trail.append(Reason("named", case.number))
        if case.state.is_open:
            return self._with(case, Action.APPEND, ThreadRule.CASE_NUMBER)
        if only_thanks(self.message, case_number.without(self.text), self.catalog):
            return self._thanked(case)
        if self._ended_lately(case):
            return self._reopen(case, ThreadRule.CASE_NUMBER)
        self.trail.append(Reason("too_late", case.number))
        return self._create(ThreadRule.CASE_NUMBER, after=case)

    def _continued(self) -> Decision | None:
        """The known case this message goes on with, if any."""
        asked = self.rules.agency_asked_for(self.reading)
        cases = self.known if asked is None else [case for case in self.known if case.agency == asked]
        if asked is not None and cases:
            self.trail.append(Reason("same_agency", _latest(cases).number))
        elif asked is not None and any(self._in_play(case) for case in self.known):
            self.trail.append(Reason("other_agency", asked))
            return self._create(ThreadRule.OTHER_AGENCY)
        return self._conversation(cases) or self._after_the_end(cases)

    def _conversation(self, cases: Sequence[KnownCase]) -> Decision | None:
        recent = [case for case in cases if case.state.is_open and self._talking(case)]
        if not recent:
            self.trail.append(Reason("no_conversation"))
            return None
        case = _latest(recent)
        if len(recent) > 1:
            self.trail.append(Reason("several", case.number))
        self.trail.append(Reason("conversation", case.number))
        return self._with(case, Action.APPEND, ThreadRule.CONVERSATION)

    def _after_the_end(self, cases: Sequence[KnownCase]) -> Decision | None:
        ended = [case for case in cases if not case.state.is_open and self._ended_lately(case)]
        if not ended:
            self.trail.append(Reason("none_ended"))
            return None
        case = max(ended, key=_ended_at)
        if only_thanks(self.message, self.text, self.catalog):
            return self._thanked(case)
        return self._reopen(case, ThreadRule.REOPENED)

    def _thanked(self, case: KnownCase) -> Decision:
        self.trail.append(Reason("thanks", case.number))
        return self._with(case, Action.RECORD, ThreadRule.THANKS)

    def _reopen(self, case: KnownCase, rule: ThreadRule) -> Decision:
        self.trail.append(Reason("reopened", case.number))
        return self._with(case, Action.REOPEN, rule)

    def _with(self, case: KnownCase, action: Action, rule: ThreadRule) -> Decision:
        return Decision(action, rule, case=case, reasons=tuple(self.trail), mistyped=self.mistyped)

    def _create(self, rule: ThreadRule, after: KnownCase | None = None) -> Decision:
        predecessor = after or (_latest(self.known) if self.known else None)
        self.trail.append(_NEW)
        if predecessor is not None:
            self.trail.append(Reason("linked", predecessor.number))
        route = self.rules.route_reading(self.reading)
        reasons = (*self.trail, *route.reasons)
        return Decision(
            Action.CREATE, rule, predecessor=predecessor, route=route, reasons=reasons, mistyped=self.mistyped
        )

    def _note(self, code: str, number: str) -> None:
        self.trail.append(Reason(code, number))
        self.mistyped = self.mistyped or number

    def _in_play(self, case: KnownCase) -> bool:
        return case.state.is_open or self._ended_lately(case)

    def _talking(self, case: KnownCase) -> bool:
        # Who was asked to complete a request has a month to do so, and answers that case.
        return case.asked or self.now - case.active_at <= timedelta(
            hours=self.catalog.gateway.threading.conversation_hours
        )

    def _ended_lately(self, case: KnownCase) -> bool:
        return self.now - _ended_at(case) <= timedelta(days=self.catalog.gateway.threading.reopening_days)


_NEW = Reason("new")


def _latest(cases: Sequence[KnownCase]) -> KnownCase:
    return max(cases, key=lambda case: (case.active_at, case.id))


def _ended_at(case: KnownCase) -> datetime:
    return case.ended_at or case.active_at
