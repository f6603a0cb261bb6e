"""Refusals in the reader's language: each sentence the desk can refuse with, and the key of its translation."""

import re
from typing import Final

from gateway.errors import Refusal
from gateway.web import locale

# Sentence (its changing parts are groups) -> key below `refusal.` in the locale files.
_SENTENCES: Final = {
    r"somebody else has this case; to take it over, give a reason": "taken",
    r"somebody else has this case; take it over first": "held",
    r"the case is (?P<state>\w+); reopen it first": "not_open",
    r"the case is (?P<state>\w+); reopen it before it is transferred": "not_open",
    r"the case is open": "open",
    r"the case is already closed": "closed",
    r"the case is already there": "already_there",
    r"the sender of this case cannot be answered.*": "unanswerable",
    r"an answer needs words": "no_answer",
    r"a note needs words": "no_note",
    r"a reason of (?P<least>\d+) to (?P<most>\d+) characters is needed": "reason",
    r"(?P<agency>[\w-]+) has no active response manager; choose another agency.*": "no_manager",
    r"there is no agency .*": "no_agency",
    r"name the agency whose next case is to be taken": "which_agency",
    r"then must be .*": "form",
    r"outcome must be .*": "outcome",
    r"that case belongs to another person": "another_person",
    r"the message is in that case already": "already_in",
    r"it is the case's only message.*": "only_message",
    r"there is no message of the citizen's of that id in this case": "no_message",
    r"there is no failed message of that id in this case": "not_failed",
    r"there is no case .*": "no_case",
    r"this needs the right to .*": "right",
    r"the form was sent by another site": "other_site",
    r"the form is not one of this session's.*": "old_form",
    r"(?:the cursor|order must) .*": "cursor",
    r"there is no such file.*": "no_file",
    r"there is no such request.*": "no_request",
    r"it was replayed or dismissed already": "settled",
}
_COMPILED: Final = tuple((re.compile(sentence), key) for sentence, key in _SENTENCES.items())


def sentence(refusal: Refusal, language: str) -> str:
    """What to tell the person. A sentence nobody has translated becomes the general one of its kind."""
    for pattern, key in _COMPILED:
        found = pattern.fullmatch(str(refusal))
        if found:
            return locale.say(language, f"refusal.{key}", **_values(found.groupdict(), language))
    return locale.say(language, f"refusal.{type(refusal).__name__.lower()}")


def is_known(text: str) -> bool:
    """Whether a sentence has a translation of its own."""
    return any(pattern.fullmatch(text) for pattern, _ in _COMPILED)


def _values(groups: dict[str, str], language: str) -> dict[str, str]:
    state = groups.get("state")
    return groups | ({"state": locale.maybe(language, f"state.{state}") or state} if state else {})
