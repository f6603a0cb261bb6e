"""What the texts of a deployment must hold: every message, with its placeholders, in every language."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from channels.gsm import Measure, fold, measure
from gateway.catalog.source import Fault, Part, Where, guess
from routing.catalog import Agency, Gateway, Texts
from routing.words import words


def _needs(*placeholders: str) -> frozenset[str]:
    return frozenset(placeholders)


# Every message the gateway can say, and the placeholders its text must hold, no more and no fewer.
REQUIRED_TEXTS: dict[str, frozenset[str]] = {
    # Acknowledgements.
    "ack_new": _needs("number", "date", "agency", "due"),
    "ack_added": _needs("number", "agency"),
    "ack_reopened": _needs("number", "agency"),
    "ack_triage": _needs("number", "date", "due"),
    # Answers to STATUS.
    "status_header": _needs(),
    "status_line": _needs("number", "agency", "state", "due"),
    "status_none": _needs(),
    "status_unknown": _needs("number"),
    "state_open": _needs(),
    "state_waiting": _needs(),
    "state_answered": _needs(),
    "state_closed": _needs(),
    # Answers to the other commands.
    "help": _needs(),
    "next_is_new": _needs(),
    "opted_out": _needs(),
    "opted_in": _needs(),
    "start": _needs("name"),
    "choose_agency": _needs(),
    "ask_phone": _needs(),
    "phone_joined": _needs("count"),
    # News of a case.
    "transferred": _needs("number", "agency", "reason"),
    "closed": _needs("number"),
    "completion_asked": _needs("number", "due"),
    "extended": _needs("number", "due", "reason"),
    "answer_prefix": _needs("number", "agency"),
    # What staff are told outside the console; never a citizen's word or name.
    "notice_warned": _needs("number", "agency", "due", "left"),
    "notice_warned_hours": _needs("number", "agency", "due", "left"),
    "notice_breached": _needs("number", "agency", "due"),
    "notice_escalated": _needs("number", "agency", "late"),
    "notice_escalated_hours": _needs("number", "agency", "late"),
    "notice_withdrawal": _needs("number", "agency"),
    "notice_deemed": _needs("number", "agency", "copies"),
    # When something is not as expected.
    "mistyped": _needs("number"),
    "file_refused": _needs(),
    "private_only": _needs(),
    # Menus, on USSD and under a Telegram message.
    "menu_more": _needs(),
    "menu_back": _needs(),
    "menu_send": _needs(),
    "menu_continue": _needs(),
    "menu_hint": _needs(),
    "menu_confirm": _needs("text"),
    "menu_draft": _needs("text"),
    "menu_draft_keep": _needs(),
    "menu_draft_drop": _needs(),
    "ussd_done": _needs("number", "agency"),
    "ussd_error": _needs(),
    # The web form.
    "web_title": _needs(),
    "web_intro": _needs(),
    "web_thanks": _needs("number", "agency", "due"),
}

# Said at once and by the million, so each must be one SMS segment.
ONE_SEGMENT = ("ack_new", "ack_added", "ack_reopened", "ack_triage")
# The longest a placeholder becomes: a case number has at most 14 digits, a date is written day/month/year hour:minute.
LONGEST = {"number": "9" * 14, "date": "28/09/2026 23:59", "due": "28/09/2026"}

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(_PLACEHOLDER.findall(text))


def text_faults(parts: Iterable[Part[Texts]], gateway: Part[Gateway]) -> Iterator[Fault]:
    """Missing languages, messages, placeholders and command words."""
    parts = list(parts)
    languages = gateway.fact.languages if gateway.fact else ()
    for index, language in enumerate(languages):
        if language not in {part.name for part in parts}:
            yield gateway.source.fault(
                ("languages", index), f"there is no texts/{language}.yaml: write it, or take '{language}' out"
            )
    # What a word commands is one thing in all languages: nobody says which one they are writing in.
    owners: dict[tuple[str, ...], str] = {}
    for part in parts:
        if part.fact is not None:
            yield from _message_faults(part, part.fact)
            yield from _command_faults(part, part.fact, owners)


def _message_faults(part: Part[Texts], texts: Texts) -> Iterator[Fault]:
    for key in sorted(REQUIRED_TEXTS.keys() - texts.messages.keys()):
        braces = "".join(f"{{{name}}}" for name in sorted(REQUIRED_TEXTS[key]))
        yield part.source.fault(("messages",), f"'{key}' is missing" + (f", with {braces} in it" if braces else ""))
    for key, text in texts.messages.items():
        where: Where = ("messages", key)
        if key not in REQUIRED_TEXTS:
            yield part.source.fault(where, "no message has this name" + (guess(key, REQUIRED_TEXTS) or ": remove it"))
            continue
        for sentence in wording_faults(text, REQUIRED_TEXTS[key]):
            yield part.source.fault(where, sentence)


def wording_faults(text: str, needed: frozenset[str]) -> Iterator[str]:
    """What is wrong with a text that must hold these placeholders, no more and no fewer: a sentence each."""
    if not text.strip():
        yield "the text is empty"
    for name in sorted(needed - placeholders(text)):
        yield f"the text must contain {{{name}}}"
    for name in sorted(placeholders(text) - needed):
        yield f"{{{name}}} is never filled in this text{guess(name, needed) or ': take it out'}"


def _command_faults(part: Part[Texts], texts: Texts, owners: dict[tuple[str, ...], str]) -> Iterator[Fault]:
    for command in get_args(get_args(Texts.model_fields["commands"].annotation)[0]):
        if not texts.commands.get(command):
            yield part.source.fault(("commands",), f"'{command}' needs at least one word")
    for command, phrases in texts.commands.items():
        for index, word in enumerate(phrases):
            owner = owners.setdefault(words(word), command)
            if owner != command:
                yield part.source.fault(("commands", command, index), f"'{word}' already means '{owner}'")


def segment_faults(part: Part[Texts], agencies: Sequence[Agency], *, folded: bool) -> Iterator[Fault]:
    """Acknowledgements that take more than one SMS segment with the agency whose name weighs most.

    `folded`: accents are dropped before sending, so they weigh nothing.
    """
    for key in ONE_SEGMENT:
        text = part.fact.messages.get(key) if part.fact else None
        if text is None:
            continue
        sentence = segment_fault(text, agencies, folded=folded)
        if sentence:
            yield part.source.fault(("messages", key), sentence)


def segment_fault(text: str, agencies: Sequence[Agency], *, folded: bool) -> str | None:
    """Why a text takes more than one SMS segment with the agency whose name weighs most; None when it does not."""
    shown = fold(text) if folded else text
    names = [fold(agency.short) if folded else agency.short for agency in agencies] or [""]
    name, size = max(((name, measure(_filled(shown, name))) for name in names), key=lambda pair: _weight(pair[1]))
    if size.segments <= 1:
        return None
    room = f"70 characters because of {' '.join(size.forcing)}" if size.forcing else "160 characters"
    found = f"takes {size.segments} SMS segments, {size.units_used} characters with '{name}' in it"
    return f"{found}, and must fit one of {room}"


def _filled(text: str, agency: str) -> str:
    for name, value in (LONGEST | {"agency": agency}).items():
        text = text.replace("{" + name + "}", value)
    return text


def _weight(size: Measure) -> tuple[int, int]:
    return size.segments, size.units_used
