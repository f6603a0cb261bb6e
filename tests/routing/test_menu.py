"""Menus: on handsets with small screens, and under buttons."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog import Agency, Catalog, Menu
from routing.menu import Budget, MenuState, Step, Submitted, press, step
from routing.words import fold
from tests.support.catalogs import small_catalog

CATALOG = small_catalog()
USSD, TELEGRAM = CATALOG.menus["ussd"], CATALOG.menus["telegram"]
CASES = ("2026 000 123 8 SENA: en trámite", "2026 000 124 5 DIAN: respondido")


def at_most(length: int) -> Budget:
    return Budget(fits=lambda text: len(text) <= length)


def walked(
    *inputs: str, menu: Menu = USSD, catalog: Catalog = CATALOG, budget: Budget | None = None, draft: str | None = None
) -> Step:
    shown = step(menu, catalog, None, None, budget=budget, draft=draft)
    for typed in inputs:
        shown = step(menu, catalog, shown.state, typed, budget=budget)
    return shown


def with_agencies(count: int) -> Catalog:
    rows = [
        {"key": f"a{n}", "name": {"es": f"Entidad {n}"}, "short": f"Entidad {n}", "sector": "x"} for n in range(count)
    ]
    agencies = {str(row["key"]): Agency.model_validate(row) for row in rows}
    return small_catalog(agencies={**agencies, "presidencia": CATALOG.agencies["presidencia"]}, rules=())


def test_the_first_screen_numbers_its_options() -> None:
    # inbound case 26
    assert step(USSD, CATALOG, None, None).text.splitlines() == [
        "Bienvenido. ¿Qué desea hacer?",
        "1. Hacer una petición",
        "2. Pedir información",
        "3. Mis casos",
        "4. English",
        "5. Sobre este servicio",
    ]


def test_a_question_is_asked_shown_and_sent_with_what_was_chosen() -> None:
    assert walked("2", "1", "2").text == "Escriba su pregunta:\n0. Atrás"
    assert walked("2", "1", "2", "¿Cuándo?").text == "Su mensaje: «¿Cuándo?»\n1. Enviar\n2. Seguir escribiendo"
    sent = walked("2", "1", "2", "¿Cuándo?", "1")
    facts = (("language", "es"), ("class", "information"), ("agency", "sena"), ("topic", "sena.certificados"))
    assert (sent.submit, sent.text, sent.final) == (Submitted("¿Cuándo?", facts), "", True)


def test_a_question_goes_on_over_two_screens() -> None:
    sent = walked("1", "1", "1", "Quiero saber", "2", " cuándo abren ", "1")
    assert sent.submit is not None
    assert sent.submit.text == "Quiero saber cuándo abren"


def test_an_asterisk_or_a_digit_is_part_of_a_question() -> None:
    # inbound case 27
    sent = walked("1", "1", "1", "1*2", "1")
    assert sent.submit is not None
    assert sent.submit.text == "1*2"


def test_choices_that_were_dialled_are_answers() -> None:
    # inbound case 30
    assert step(USSD, CATALOG, None, "1").text == walked("1").text


def test_an_agency_without_topics_goes_straight_to_the_question() -> None:
    assert walked("1", "4").text.startswith("Escriba su pregunta")


def test_going_back_forgets_what_was_chosen() -> None:
    assert walked("1", "1", "0").state == walked("1").state
    sent = walked("1", "1", "1", "0", "0", "2", "1", "Hola", "1")
    assert sent.submit is not None
    assert dict(sent.submit.facts)["topic"] == "dian.impuestos"


def test_a_question_typed_before_going_back_is_kept() -> None:
    assert walked("1", "1", "1", "Hola", "2", "0", "2").text.startswith("Su mensaje: «Hola»")


def test_the_language_changes_at_once() -> None:
    assert walked("4").text.splitlines()[:2] == ["Welcome. What would you like to do?", "1. Make a petition"]
    assert walked("4", "1", "1", "0").text.endswith("0. Back")


def test_a_person_whose_language_is_known_is_greeted_in_it() -> None:
    assert step(USSD, CATALOG, MenuState.start(USSD, language="en"), None).text.startswith("Welcome.")


@pytest.mark.parametrize("typed", ["7", "0", "9", "", "hola", "11", "\x00", "٣"])
def test_a_wrong_input_repeats_the_screen_with_a_hint(typed: str) -> None:
    shown = walked(typed)
    assert shown.text == "Elija una de las opciones.\n" + walked().text
    assert shown.state == walked().state


@pytest.mark.parametrize("typed", [" 1 ", "1.", "1)", "１", "hacer una peticion"])
def test_an_option_can_be_chosen_the_way_people_type_it(typed: str) -> None:
    assert walked(typed).text == walked("1").text


def test_many_options_are_paged_eight_at_a_time() -> None:
    catalog = with_agencies(20)
    menu = catalog.menus["telegram"]
    first = walked(menu=menu, catalog=catalog)
    assert [key for key, _ in first.options] == [*"12345678", "9"]
    assert first.options[-1] == ("9", "Más")
    second = press(menu, catalog, first.state, "9")
    assert second.options[0] == ("1", "Entidad 8")
    assert second.options[-2:] == (("9", "Más"), ("0", "Atrás"))
    assert press(menu, catalog, second.state, "0").options == first.options
    assert ("agency", "a8") in press(menu, catalog, second.state, "1").state.facts


def test_a_screen_over_the_budget_is_paged_and_no_option_is_cut() -> None:
    # inbound case 33
    shown = walked(budget=at_most(80))
    seen = list(shown.text.splitlines())
    while ("9", "Más") in shown.options:
        shown = step(USSD, CATALOG, shown.state, "9", budget=at_most(80))
        seen += shown.text.splitlines()
    labels = {option.label["es"] for node in USSD.nodes if node.key == "home" for option in node.options}
    assert labels <= {line[3:] for line in seen}


def test_a_folding_channel_is_measured_and_shown_without_accents() -> None:
    # inbound case 33
    budget = Budget(fits=lambda text: len(text) <= 182 and not set(text) & set("áéíóú"), fold=fold)
    assert walked("1", budget=budget).text.endswith("4. presidencia\n0. atras")


def test_a_long_text_is_read_page_by_page_and_then_ends() -> None:
    shown = walked("9", "3", budget=at_most(80))
    read = [shown.text]
    while not shown.final:
        shown = step(USSD, CATALOG, shown.state, "9", budget=at_most(80))
        read.append(shown.text)
    joined = " ".join(line for text in read for line in text.splitlines() if line[1:2] != ".")
    assert joined == next(node.text["es"] for node in USSD.nodes if node.key == "about")
    assert not shown.options


def test_the_cases_are_asked_for_and_then_shown() -> None:
    asked = walked("3")
    assert (asked.wants, asked.text) == ("cases", "")
    shown = step(USSD, CATALOG, asked.state, None, cases=CASES)
    assert shown.text == "\n".join(["Sus casos:", *CASES, "0. Atrás"])
    assert step(USSD, CATALOG, shown.state, "0").text == walked().text


def test_somebody_without_cases_is_shown_none() -> None:
    shown = step(USSD, CATALOG, walked("3").state, None)
    assert (shown.wants, shown.text) == (None, "Sus casos:\n0. Atrás")


def test_many_cases_are_paged() -> None:
    asked = walked("9", "1", budget=at_most(80))
    shown = step(USSD, CATALOG, asked.state, None, budget=at_most(80), cases=CASES * 3)
    assert shown.text.splitlines()[-2:] == ["9. Más", "0. Atrás"]
    assert step(USSD, CATALOG, shown.state, "9", budget=at_most(80)).text != shown.text


def test_a_draft_is_offered_on_the_next_dial() -> None:
    # inbound case 31
    offered = walked(draft="Quiero saber")
    assert offered.text == "Tiene un borrador: «Quiero saber»\n1. Continuar\n2. Empezar de nuevo"
    assert press(USSD, CATALOG, offered.state, "1").text.startswith("Su mensaje: «Quiero saber»")
    assert press(USSD, CATALOG, offered.state, "2").text == walked().text


def test_a_dropped_session_is_taken_up_with_what_had_been_chosen() -> None:
    # inbound case 31
    dropped = walked("4", "1", "2", "1", "My tax return").state
    offered = step(USSD, CATALOG, None, None, draft=dropped)
    assert offered.text.startswith("You have a draft: “My tax return”")
    sent = press(USSD, CATALOG, press(USSD, CATALOG, offered.state, "1").state, "1")
    assert sent.submit == Submitted(
        "My tax return", (("language", "en"), ("agency", "dian"), ("topic", "dian.impuestos"))
    )


def test_a_draft_first_heard_of_at_the_question_is_offered_there_and_once() -> None:
    offered = step(USSD, CATALOG, walked("1").state, "4", draft="Hola")
    assert offered.text.startswith("Tiene un borrador: «Hola»")
    dropped = step(USSD, CATALOG, offered.state, "2", draft="Hola")
    assert dropped.text.startswith("Escriba su pregunta")
    assert dict(dropped.state.facts)["agency"] == "presidencia"


def test_a_long_draft_is_abridged_on_a_small_screen_and_sent_whole() -> None:
    # inbound case 45
    long = "palabra " * 500
    shown = walked("1", "4", long, budget=at_most(80))
    assert shown.text.endswith("...»\n1. Enviar\n2. Seguir escribiendo")
    sent = step(USSD, CATALOG, shown.state, "1", budget=at_most(80))
    assert sent.submit is not None
    assert sent.submit.text == long.strip()


def test_a_state_of_a_menu_that_was_replaced_begins_again() -> None:
    state = MenuState(language="en", node="gone")
    assert step(USSD, CATALOG, state, None).text.startswith("Welcome.")


def test_the_same_state_and_input_give_the_same_screen() -> None:
    # inbound case 28
    state = walked("1", "1").state
    assert step(USSD, CATALOG, state, "1") == step(USSD, CATALOG, MenuState.from_json(state.to_json()), "1")


def test_buttons_have_the_keys_a_handset_would_type() -> None:
    shown = walked(menu=TELEGRAM)
    assert shown.options == (("1", "SENA"), ("2", "DIAN"), ("3", "ICBF"), ("4", "Presidencia"))
    assert press(TELEGRAM, CATALOG, shown.state, "2").text.startswith("Escriba su mensaje.")


inputs = st.lists(st.sampled_from([*"0123456789", "hola", "ó" * 300]) | st.text(max_size=30), max_size=12)


@given(inputs, st.integers(60, 200), st.sampled_from([USSD, TELEGRAM]), st.none() | st.text(max_size=300))
def test_nothing_typed_raises_and_every_screen_fits(
    typed: Sequence[str], length: int, menu: Menu, draft: str | None
) -> None:
    shown = step(menu, CATALOG, None, None, budget=at_most(length), draft=draft)
    for text in typed:
        shown = step(menu, CATALOG, shown.state, text, budget=at_most(length))
        if shown.wants:
            shown = step(menu, CATALOG, shown.state, None, budget=at_most(length), cases=CASES)
        assert len(shown.text) <= length
        assert bool(shown.text) != bool(shown.submit)
        assert MenuState.from_json(shown.state.to_json()) == shown.state


@given(st.text(max_size=30))
def test_a_screen_is_always_walkable_without_a_budget(typed: str) -> None:
    for state in (walked().state, walked("1").state, walked("1", "4").state, walked("1", "4", "x").state):
        shown = step(USSD, CATALOG, state, typed)
        assert shown.text or shown.submit or shown.wants
