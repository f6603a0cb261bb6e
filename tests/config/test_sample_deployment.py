"""The configuration that comes with Ventanilla serves a whole country, and citizens find their way in it."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from channels.gsm import fold, measure, units
from channels.message import Address, InboundMessage
from gateway.catalog.file import REQUIRED_TEXTS, load
from gateway.catalog.texts import LONGEST, ONE_SEGMENT, placeholders
from routing.catalog import Catalog
from routing.menu import Budget, Step, step
from routing.rules import RuleSet
from routing.words import words

CONFIG = Path(__file__).parents[2] / "config"
SCREEN = 160


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load(CONFIG)


def test_at_least_twenty_nine_national_agencies_are_there(catalog: Catalog) -> None:
    levels = Counter(agency.level for agency in catalog.agencies.values())

    assert levels["national"] >= 29
    assert levels["territorial"] >= 2


def test_every_agency_can_be_asked_and_has_somebody_who_answers(catalog: Catalog) -> None:
    for agency in catalog.agencies.values():
        assert agency.manager is not None, agency.key
        assert agency.manager.login == agency.key
        assert len(agency.manager.name.split()) >= 3, agency.key
        assert 3 <= sum(1 for topic in agency.topics if topic.phrases) <= 6, agency.key
        assert agency.keywords, agency.key
        assert agency.hours, agency.key


def test_every_agency_has_a_topic_for_all_else_in_menus(catalog: Catalog) -> None:
    assert all(agency.topics[-1].key == "otros" for agency in catalog.agencies.values())


def test_labels_fit_a_menu_line(catalog: Catalog) -> None:
    labels = [
        label for agency in catalog.agencies.values() for topic in agency.topics for label in topic.label.values()
    ]

    assert [label for label in labels if len(label) > 20] == []


def test_no_two_agencies_share_a_phrase(catalog: Catalog) -> None:
    owners = Counter(
        words(phrase) for agency in catalog.agencies.values() for topic in agency.topics for phrase in topic.phrases
    )

    assert [phrase for phrase, count in owners.items() if count > 1] == []


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("key", ONE_SEGMENT)
def test_an_acknowledgement_is_one_segment_for_every_agency(catalog: Catalog, key: str, language: str) -> None:
    sms = catalog.gateway.channels["sms"]
    assert sms.fold_accents, "names such as Cancillería would cost three segments"
    for agency in catalog.agencies.values():
        text = catalog.say(key, language, **LONGEST, agency=agency.short)
        assert measure(fold(text)).segments == 1, f"{key} of {agency.key}: {len(text)} characters"


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_text_is_there_with_its_placeholders(catalog: Catalog, language: str) -> None:
    messages = catalog.texts[language].messages

    assert {key: placeholders(text) for key, text in messages.items()} == REQUIRED_TEXTS


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_acknowledgements_themselves_need_no_folding(catalog: Catalog, language: str) -> None:
    for key in ONE_SEGMENT:
        assert not measure(catalog.texts[language].messages[key]).forcing, key


HANDSET = Budget(fits=lambda text: units(text) <= SCREEN, fold=fold)


def screens(catalog: Catalog, language_key: str) -> dict[str, Step]:
    """Every screen a handset can be led to without typing a question, by the keys that lead there."""
    menu = catalog.menus["ussd"]
    seen: dict[str, Step] = {}
    waiting: list[tuple[str, Step]] = [("", step(menu, catalog, None, None, budget=HANDSET))]
    while waiting:
        keys, screen = waiting.pop()
        seen[keys] = screen
        for key, _ in screen.options if not screen.final else ():
            # The language is chosen first; "0" leads back to what has been seen.
            if key != "0" and (keys or key == language_key):
                waiting.append((keys + key, step(menu, catalog, screen.state, key, budget=HANDSET)))
    return seen


@pytest.mark.parametrize("language_key", ["1", "2"])
def test_every_screen_of_the_ussd_menu_is_one_page(catalog: Catalog, language_key: str) -> None:
    found = screens(catalog, language_key)

    assert len(found) > len(catalog.agencies), "the walk stopped early"
    for keys, screen in found.items():
        assert units(screen.text) <= SCREEN, (keys, screen.text)
        assert "9" not in dict(screen.options), (keys, screen.text)


@pytest.mark.parametrize("name", ["ussd", "telegram"])
def test_every_agency_is_in_the_menus_and_only_triage_is_not(catalog: Catalog, name: str) -> None:
    offered = {key for node in catalog.menus[name].nodes for key in node.agencies}

    assert catalog.agencies.keys() - offered == {catalog.gateway.triage}


def test_a_question_is_few_screens_away(catalog: Catalog) -> None:
    menu = catalog.menus["ussd"]
    state = step(menu, catalog, None, None, budget=HANDSET).state
    for key in ("1", "1", "8"):  # Spanish, ask, not sure
        screen = step(menu, catalog, state, key, budget=HANDSET)
        state = screen.state

    assert menu.node(state.node).kind == "question"
    assert screen.text.startswith("Escriba su pregunta")


def test_sena_is_six_screens_from_the_dial_to_the_question(catalog: Catalog) -> None:
    menu = catalog.menus["ussd"]
    state = step(menu, catalog, None, None, budget=HANDSET).state
    for key in ("1", "1", "1", "1", "1"):  # Spanish, ask, education, SENA, enrolment
        state = step(menu, catalog, state, key, budget=HANDSET).state

    assert menu.node(state.node).kind == "question"
    assert dict(state.facts) == {"agency": "sena", "topic": "sena.inscripciones"}


def message(text: str, *, channel: str = "sms", number: str | None = None) -> InboundMessage:
    sender = Address.of("tel:+573005550001")
    return InboundMessage(channel=channel, provider_id="1", sender=sender, text=text, recipient=number)


ASKED = [
    ("Buenos días, ¿cuándo abren las inscripciones del SENA en Leticia?", "sena", "inscripciones"),
    ("DIAN necesito declarar renta y no se como", "dian", "renta"),
    ("se me perdio la cedula, perdí la cedula ayer", "registraduria", "cedula"),
    ("no entregan el medicamento de mi mamá", "supersalud", "medicamentos"),
    ("la EPS no la recibe y se está muriendo", "supersalud", "urgencias"),
    ("Hay un hueco enorme frente a mi casa en Leticia", "alcaldia-leticia", None),
    ("El puente de Tarapacá en el Amazonas se va a caer", "gobernacion-amazonas", None),
    ("hubo un derrumbe llegando a Pasto", "invias", "huecos"),
    ("mi vecino maltrata a su hija", "icbf", "proteccion"),
    ("quiero eliminar mis datos de un almacén", "sic", "datos"),
    ("hay inundación en todo Quibdó", "alcaldia-quibdo", "rio-atrato"),
    ("usted ganó, consigne para su premio", "policia", "perdidas"),
    ("no me llegó el subsidio", "prosperidad-social", "pagos"),
    ("how do I get a passport?", "cancilleria", "pasaportes"),
    ("buenas tardes", "presidencia", None),
]


@pytest.mark.parametrize(("text", "agency", "topic"), ASKED)
def test_what_people_write_finds_its_agency(catalog: Catalog, text: str, agency: str, topic: str | None) -> None:
    route = RuleSet.of(catalog).route(message(text), language="es")

    assert (route.agency, route.topic) == (agency, topic), route.reasons


def test_each_rule_decides_something() -> None:
    catalog = load(CONFIG)
    rules = RuleSet.of(catalog)
    tries = [
        (message("mi turno de la indemnización", number="87654"), "es"),
        (message("FAMILIAS", number="87654"), "es"),
        (message("abuelo grave, no me atienden en urgencias"), "es"),
        (message("una gestante no la atienden en el puesto de salud"), "es"),
        (message("un niño amarrado en el patio"), "es"),
        (message("poste caído en Leticia"), "es"),
        (message("el puente del Amazonas"), "es"),
        (message("calles inundadas en Quibdó"), "es"),
        (message("carretera destapada"), "es"),
        (message("habeas data"), "es"),
        (message("quiero consultar mis datos"), "es"),
        (message("según la ley 5 de 1992, el Senado pide", channel="web"), "es"),
        (message("I lost my entry stamp"), "en"),
        (message("ganador: envíe el pin"), "es"),
    ]

    decided = {rules.route(tried, language=language).rule for tried, language in tries}

    assert {rule.name for rule in catalog.rules} - decided == set()


def test_the_emergency_regime_has_its_own_dated_terms(catalog: Catalog) -> None:
    def term(key: str, day: date) -> int:
        return next(row.n for row in catalog.terms[key].rows if row.first <= day <= (row.last or date.max))

    before, during, after = date(2019, 5, 6), date(2021, 5, 6), date(2024, 5, 6)
    assert [term("general", day) for day in (before, during, after)] == [15, 30, 15]
    assert [term("information", day) for day in (before, during, after)] == [10, 20, 10]
    assert [term("consultation", day) for day in (before, during, after)] == [30, 35, 30]


def test_no_day_since_the_petition_law_is_without_a_term(catalog: Catalog) -> None:
    for term in catalog.terms.values():
        rows = sorted(term.rows, key=lambda row: row.first)
        assert rows[0].first <= date(2015, 6, 30), term.key
        assert rows[-1].last is None, term.key
        for earlier, later in pairwise(rows):
            assert earlier.last is not None
            assert later.first - earlier.last == timedelta(days=1), term.key
        assert all(row.source for row in rows)


def test_every_department_has_its_code(catalog: Catalog) -> None:
    departments = [code for code in catalog.territories if len(code) == 2]

    assert len(departments) == 33
    assert all(f"{code}001" in catalog.territories for code in departments if code != "25"), "a capital is missing"
    assert {code[:2] for code in catalog.territories} == set(departments)
