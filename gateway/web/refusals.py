"""Refusals in the reader's language: each sentence the desk can refuse with, and the key of its translation."""

import re
from datetime import date
from typing import Final

from gateway.errors import Refusal
from gateway.web import locale, shown

# Sentence (its changing parts are groups) -> key below `refusal.` in the locale files.
_SENTENCES: Final = {
    r"somebody else has this case; to take it over, give a reason": "taken",
    r"somebody else has this case; take it over first": "held",
    r"you are noted as away.*": "away",
    r"the case is (?P<state>\w+); reopen it first": "not_open",
    r"the case is (?P<state>\w+); reopen it before it is transferred": "not_open",
    r"the case is open": "open",
    r"the case is already closed": "closed",
    r"the case is already there": "already_there",
    r"the sender of this case cannot be answered.*": "unanswerable",
    r"an answer needs words": "no_answer",
    r"a note needs words": "no_note",
    r"nobody with the login (?P<login>\S+) may read this case": "no_colleague",
    r"kind must be answer or note": "form",
    r"a reason of (?P<least>\d+) to (?P<most>\d+) characters is needed": "reason",
    r"(?P<agency>[\w-]+) has no active response manager; choose another agency.*": "no_manager",
    r"there is no agency .*": "no_agency",
    r"there is no class .*": "no_class",
    r"the case is of the class .* already": "same_class",
    r"say what is missing": "say_missing",
    r"say what is still missing": "say_missing",
    r"the citizen has been asked already.*": "asked_already",
    r"completion is asked within (?P<days>\d+) business days of receipt, until (?P<last>\S+) .*": "completion_late",
    r"the citizen has not answered a request to complete": "not_completed",
    r"the citizen owes no answer: the clock runs": "runs",
    r"the citizen's month was prolonged already.*": "prolonged",
    r"the month was over on (?P<last>\S+): .*": "month_over",
    r"the clock is not stopped": "runs",
    r"the law gives the class .* no extension \((?P<source>.*)\)": "no_extension",
    r"the term was extended already.*": "extended",
    r"the clock is stopped.*": "stopped",
    r"the term is over.*": "over",
    r"until must be a date": "no_date",
    r"the new date must be after the present one, (?P<last>\S+)": "not_after",
    r"\S+ is no business day": "no_business_day",
    r"the class .* may take (?P<cap>\d+) days in all: until (?P<last>\S+) at the latest \((?P<source>.*)\)": "cap",
    r"the sender of this case cannot be reached.*": "unreachable",
    r"there is no answer of yours that has not left yet.*": "nothing_to_undo",
    r"a case cannot stand for itself": "merge_itself",
    r"the other case is at another agency.*": "merge_elsewhere",
    r"both cases must be open": "merge_ended",
    r"the other case is a duplicate itself.*": "merge_duplicate",
    r"this case stands for others.*": "merge_leader",
    r"no other case stands for this one": "not_merged",
    r"choose one case to stand for this one": "merge_one",
    r"write down what the person asks": "say_what",
    r"way must be one of .*": "form",
    r"there is no territory .*": "no_territory",
    r"it cannot have been received in the future": "future",
    r"an answer can go by .*, or nowhere": "answer_by",
    r"nobody of that number has written by that channel.*": "not_known_there",
    r"the law known here has no term for that day": "no_term",
    r"this form has opened the case (?P<number>\d+) already.*": "opened_already",
    r"received_at must be a date and a time": "no_time",
    r"this is no telephone number that a text can be sent to": "no_phone",
    r".* has no topic .*": "no_topic",
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
    r"a password needs at least (?P<least>\d+) characters": "password_short",
    r"a password has at most (?P<most>\d+) characters": "password_long",
    r"a password must not contain the login or the name": "password_own",
    r"that is one of the first passwords somebody would try": "password_common",
    r"the two passwords differ": "password_differ",
    r"that is not the present password": "password_current",
    r"there were too many attempts; wait fifteen minutes": "too_many",
    r"that code is not the authenticator's": "wrong_code",
    r"a second factor is set up already; take it away first": "factor_there",
    r"your role must have a second factor": "factor_needed",
    r"choose the channel that notices come by": "notice_channel",
    r"that is no telephone number we can write to": "notice_phone",
    r"a chat's address is its number.*": "notice_chat",
    r"to end this very session, log out": "this_session",
    r"there is no such session of yours": "no_session",
    r"there is no such member of staff": "no_member",
    r"your own account is looked after by somebody else": "own_account",
    r"the account is disabled; enable it first": "disabled_account",
    r"a login is 2 to 40 of .*": "login_form",
    r"the login .* is taken": "login_taken",
    r"that is no e-mail address": "email_form",
    r"somebody else has this e-mail address": "email_taken",
    r"choose one of the roles": "role",
    r"they do not answer for the agency of this case": "not_of_agency",
    r"they are noted as away.*": "is_away",
    r"nobody has this case.*": "on_offer",
    r"tick the cases that are meant": "tick",
    r"one act takes at most (?P<most>\d+) cases: .*": "too_many_cases",
    r"choose what is to be done with the cases": "which_act",
    r"they have this case already": "has_it",
    r"the case has moved on since": "moved_on",
    r"this act cannot be taken back": "no_undo",
    r"this act was taken back already": "undone",
    r"there is no such act of yours": "no_act",
    r"there is no such saved view of yours": "no_view",
    r"there are (?P<most>\d+) saved views already.*": "many_views",
    r"the name of a view has 1 to (?P<most>\d+) characters": "view_name",
    r"narrow the list first.*": "narrow_first",
    r"part of the filter could not be read.*": "filter_unread",
    r"choose who is to have the cases": "choose_person",
    r"none of these cases could be moved.*": "none_moved",
    r"somebody may be given 1 to (?P<most>\d+) open cases": "capacity",
    r"an absence ends after it begins.*": "absence_order",
    r"an absence is noted for part of that time already.*": "absence_overlaps",
    r"there is no such absence": "no_absence",
    r"(?:from|until) must be a date": "no_date",
    r"name the agency whose team is meant": "which_team",
    r"the shortcut (?P<word>\S+) is taken.*": "shortcut_taken",
    r"a shortcut is 1 to 30 of .*": "shortcut_form",
    r"a title has 1 to (?P<most>\d+) characters": "title",
    r"a canned answer has 1 to (?P<most>\d+) characters": "canned_text",
    r"a text has at most (?P<most>\d+) characters": "text_long",
    r"there is no such canned answer.*": "no_canned",
    r"what everybody uses, and what other agencies use.*": "not_yours",
    r"choose one of the deployment's languages": "language",
    r"no agency words this text in its own way": "no_text",
    r"the text is empty": "text_empty",
    r"the text must contain (?P<word>\{\w+\})": "text_needs",
    r"(?P<word>\{[^{}]*\}) is never filled in .*": "text_unfilled",
    r"takes (?P<n>\d+) SMS segments, (?P<units>\d+) characters .* 70 characters because of (?P<word>.*)": "text_ucs2",
    r"takes (?P<n>\d+) SMS segments, (?P<units>\d+) characters with .*": "text_segments",
    r"a \w+ answers for one agency: name it": "needs_agency",
    r"the role \w+ serves the whole network.*": "no_agency_allowed",
    r"the invitation was used, or is too old": "invitation",
    r"write the name that colleagues read": "name",
    r"single sign-on is not set up here": "no_sign_on",
}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
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
    state, last = groups.get("state"), groups.get("last")
    if last and _DAY.fullmatch(last):
        groups |= {"last": shown.day(date.fromisoformat(last), language)}
    return groups | ({"state": locale.maybe(language, f"state.{state}") or state} if state else {})
