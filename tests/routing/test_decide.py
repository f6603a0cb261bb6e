"""What a message is to a person's cases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Attachment, AttachmentKind
from routing.case import KnownCase
from routing.commands import CommandKind
from routing.decide import Action, Decision, ThreadRule, decide
from routing.rules import RuleSet
from tests.support.catalogs import small_catalog
from tests.support.messages import NOW, known_case, said

CATALOG = small_catalog()
RULES = RuleSet.of(CATALOG)
PHOTO = Attachment(kind=AttachmentKind.IMAGE, reference="photo")


def decided(text: str, *known: KnownCase, wants_new: bool = False, **fields: Any) -> Decision:
    return decide(said(text, **fields), known, catalog=CATALOG, rules=RULES, now=NOW, wants_new=wants_new)


def outcome(decision: Decision) -> tuple[Action, ThreadRule, int | None]:
    return decision.action, decision.rule, decision.case.id if decision.case else None


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_a_stranger_starts_a_case() -> None:
    decision = decided("¿Cuándo abren inscripciones?")
    assert outcome(decision) == (Action.CREATE, ThreadRule.NEW, None)
    assert decision.route is not None
    assert decision.route.agency == "sena"
    assert decision.predecessor is None
    assert codes(decision)[0] == "new"


def test_a_named_open_case_gets_the_message_whatever_its_age() -> None:
    stale, fresh = known_case(1, hours=900), known_case(2)
    assert outcome(decided(f"Sobre el {stale.number}: ¿qué pasó?", fresh, stale)) == (
        Action.APPEND, ThreadRule.CASE_NUMBER, 1,
    )  # fmt: skip


def test_a_named_ended_case_is_reopened_within_the_window() -> None:
    ended = known_case(1, ended_days=6)
    decision = decided("caso 2026 000 001 " + ended.number[-1] + " no me sirve", ended)
    assert outcome(decision) == (Action.REOPEN, ThreadRule.CASE_NUMBER, 1)


def test_thanks_with_the_number_reopen_nothing() -> None:
    ended = known_case(1, ended_days=6)
    assert outcome(decided(f"Muchas gracias! {ended.number}", ended)) == (Action.RECORD, ThreadRule.THANKS, 1)


def test_a_named_case_that_ended_long_ago_is_followed_by_a_new_one() -> None:
    ended, other = known_case(1, ended_days=8), known_case(2, ended_days=1)
    decision = decided(f"otra vez lo del {ended.number}", other, ended)
    assert outcome(decision) == (Action.CREATE, ThreadRule.CASE_NUMBER, None)
    assert decision.predecessor == ended


@pytest.mark.parametrize("text", ["caso 2026 000 123 4, ¿qué pasó?", "caso 2026 000 123 8, ¿qué pasó?"])
def test_a_number_that_leads_nowhere_is_noted_and_the_message_goes_on(text: str) -> None:
    decision = decided(text, known_case(1))
    assert outcome(decision) == (Action.APPEND, ThreadRule.CONVERSATION, 1)
    assert decision.mistyped == text[5:19].replace(" ", "")
    assert codes(decision)[0] in ("mistyped", "not_mine")


@pytest.mark.parametrize(("text", "kind"), [("ESTADO", CommandKind.STATUS), (" stop ", CommandKind.OPT_OUT)])
def test_a_command_is_no_message_for_a_case(text: str, kind: CommandKind) -> None:
    # inbound case 40
    decision = decided(text, known_case(1))
    assert outcome(decision) == (Action.COMMAND, ThreadRule.COMMAND, None)
    assert decision.command is not None
    assert decision.command.kind is kind


def test_asking_for_the_status_of_a_case_of_mine_is_still_a_command() -> None:
    case = known_case(1)
    decision = decided(f"estado {case.number}", case)
    assert decision.command is not None
    assert (decision.action, decision.command.number) == (Action.COMMAND, case.number)
    assert decided("estado 2026 1 3", case).mistyped == "202613"


@pytest.mark.parametrize("text", ["stop it", "quiero parar la obra"])
def test_a_sentence_with_a_command_word_is_a_petition(text: str) -> None:
    # inbound case 40
    assert decided(text).action is Action.CREATE


def test_a_command_word_with_a_photo_or_from_a_menus_question_is_a_message() -> None:
    assert decided("ayuda", attachments=(PHOTO,)).action is Action.CREATE
    assert decided("ayuda", facts=(("agency", "sena"),)).action is Action.CREATE
    assert decided("ayuda", facts=(("language", "es"),)).action is Action.COMMAND


def test_a_keyword_of_another_agency_starts_a_new_case() -> None:
    decision = decided("DIAN ¿y mi RUT?", known_case(1))
    assert outcome(decision) == (Action.CREATE, ThreadRule.OTHER_AGENCY, None)
    assert decision.route is not None
    assert decision.route.agency == "dian"
    assert decision.predecessor is not None


def test_a_keyword_of_another_agency_reopens_no_ended_case() -> None:
    assert outcome(decided("DIAN hola", known_case(1, ended_days=1))) == (Action.CREATE, ThreadRule.OTHER_AGENCY, None)


def test_a_keyword_picks_the_conversation_of_its_agency() -> None:
    sena, dian = known_case(1, hours=50), known_case(2, agency="dian", hours=1)
    assert outcome(decided("sena hola", sena, dian)) == (Action.APPEND, ThreadRule.CONVERSATION, 1)
    assert outcome(decided("hola", sena, dian, facts=(("agency", "sena"),)))[2] == 1


def test_the_most_recent_conversation_goes_on() -> None:
    decision = decided("¿y entonces?", known_case(1, hours=9), known_case(2, hours=3), known_case(3, hours=5))
    assert outcome(decision) == (Action.APPEND, ThreadRule.CONVERSATION, 2)
    assert codes(decision) == ["several", "conversation"]


def test_thanks_in_an_open_conversation_are_part_of_it() -> None:
    assert outcome(decided("gracias", known_case(1))) == (Action.APPEND, ThreadRule.CONVERSATION, 1)


@pytest.mark.parametrize(("hours", "action"), [(72, Action.APPEND), (72.1, Action.CREATE)])
def test_a_conversation_lasts_as_long_as_is_configured(hours: float, action: Action) -> None:
    assert decided("hola", known_case(1, hours=hours)).action is action


@pytest.mark.parametrize(
    "text",
    [
        "gracias",
        "Muchas gracias!! 🙏",
        "GRACIAS.",
        "ok, gracias",
        "Muchas gracias, Dios le pague",
        "🙏🏽",
        ": 👍",
        "thank you!",
    ],
)
def test_plain_thanks_after_the_answer_start_no_clock(text: str) -> None:
    assert outcome(decided(text, known_case(1, ended_days=2))) == (Action.RECORD, ThreadRule.THANKS, 1)


@pytest.mark.parametrize("text", ["gracias pero no me sirve", "???", "no", "", "gracias?? no entiendo"])
def test_anything_else_after_the_answer_reopens(text: str) -> None:
    assert outcome(decided(text, known_case(1, ended_days=2))) == (Action.REOPEN, ThreadRule.REOPENED, 1)


def test_thanks_with_a_photo_are_more_than_thanks() -> None:
    assert decided("gracias", known_case(1, ended_days=2), attachments=(PHOTO,)).action is Action.REOPEN


def test_after_the_window_a_new_case_follows_the_latest() -> None:
    old, older = known_case(2, ended_days=8), known_case(1, ended_days=20)
    decision = decided("hola de nuevo", older, old)
    assert outcome(decision) == (Action.CREATE, ThreadRule.NEW, None)
    assert decision.predecessor == old
    assert codes(decision)[:4] == ["no_conversation", "none_ended", "new", "linked"]


def test_who_asked_for_a_new_case_gets_one() -> None:
    case = known_case(1)
    assert outcome(decided("hola", case, wants_new=True)) == (Action.CREATE, ThreadRule.NEW, None)
    assert decided(f"como en {case.number}", known_case(2), case, wants_new=True).predecessor == case
    assert decided("ayuda", case, wants_new=True).action is Action.COMMAND


def test_an_edit_is_never_a_new_case() -> None:
    # inbound case 20
    edit: dict[str, Any] = {"version_of": "SM0"}
    assert outcome(decided("hola!", known_case(1, hours=900), **edit)) == (Action.APPEND, ThreadRule.EDIT, 1)
    assert outcome(decided("DIAN", known_case(1, ended_days=90), **edit)) == (Action.RECORD, ThreadRule.EDIT, 1)


def test_an_edit_of_a_message_that_never_came_is_a_message() -> None:
    decision = decided("hola!", version_of="SM0")
    assert decision.action is Action.CREATE
    assert codes(decision)[0] == "edit_unknown"


def test_a_message_without_text_is_still_a_case() -> None:
    # inbound cases 3, 7 and 41
    assert decided("", attachments=(PHOTO, PHOTO)).action is Action.CREATE


def test_a_very_long_message_is_decided_by_its_beginning() -> None:
    # inbound cases 45 and 47
    assert decided("inscripción " + "x" * 10_000 + " declaración de renta").route == decided("inscripción x").route


texts = st.text(max_size=100) | st.sampled_from(["gracias", "estado", "sena", "20260000018", "caso 2026 000 001 7"])
cases = st.lists(
    st.builds(
        known_case,
        st.integers(1, 4),
        agency=st.sampled_from(["sena", "dian"]),
        hours=st.floats(-24, 200),  # inbound case 48: a clock may be wrong by a day
        ended_days=st.none() | st.floats(-1, 20),
    ),
    max_size=4,
)


@given(texts, cases, st.booleans())
def test_every_message_has_a_whole_decision(text: str, known: list[KnownCase], wants_new: bool) -> None:
    decision = decided(text, *known, wants_new=wants_new)
    assert (decision.route is not None) == (decision.action is Action.CREATE)
    assert (decision.command is not None) == (decision.action is Action.COMMAND)
    assert (decision.case is not None) == (decision.action in (Action.APPEND, Action.REOPEN, Action.RECORD))
    assert decision.reasons
    assert all(str(reason) for reason in decision.reasons)
    if decision.case is not None:
        assert decision.case.state.is_open == (decision.action is Action.APPEND)
