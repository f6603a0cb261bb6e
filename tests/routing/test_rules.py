"""Where messages go, and why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog import Catalog, Rule
from routing.reading import SENTENCES
from routing.rules import Route, RuleSet, unreachable
from tests.support.catalogs import small_catalog
from tests.support.messages import said

CATALOG = small_catalog()
RULES = RuleSet.of(CATALOG)
CERTIFICATES = (("agency", "sena"), ("topic", "sena.certificados"))


def routed(text: str, *, language: str = "es", **fields: Any) -> Route:
    return RULES.route(said(text, **fields), language=language)


def where(route: Route) -> tuple[str, str | None, str, str]:
    return route.agency, route.topic, route.term_class, route.rule


def with_rules(*rows: dict[str, Any]) -> Catalog:
    return small_catalog(rules=tuple(Rule.model_validate(row) for row in rows))


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("hola", {"recipient": "85432"}, ("sena", None, "general", "number")),
        ("hola", {"recipient": "+85-432"}, ("sena", None, "general", "number")),
        ("hola", {"recipient": "*123*7#"}, ("sena", None, "general", "number")),
        ("hola", {"recipient": "85999"}, ("icbf", "cupos", "general", "short-code")),
        ("hola", {"facts": CERTIFICATES}, ("sena", "certificados", "information", "menu")),
        ("hola", {"facts": (("agency", "dian"), ("class", "information"))}, ("dian", None, "information", "menu")),
        ("hola", {"choice": "topic:dian.impuestos"}, ("dian", "impuestos", "consultation", "menu")),
        ("", {"choice": "icbf"}, ("icbf", None, "general", "menu")),
        ("SENA: ¿cuándo abren?", {}, ("sena", None, "general", "keyword")),
        ("rut nuevo", {}, ("dian", None, "general", "keyword")),
        ("Cupo por favor", {}, ("icbf", "cupos", "general", "keyword-cupo")),
        ("quiero inscribirme a un curso", {}, ("sena", "inscripciones", "general", "phrase")),
        ("cuando abren INSCRIPCIONES", {}, ("sena", "inscripciones", "general", "phrase")),
        ("tengo una queja del sena", {}, ("sena", None, "general", "complaint")),
        ("una pregunta para la DIAN", {}, ("dian", None, "general", "phrase")),
        ("mi nit 900123456", {}, ("dian", "impuestos", "information", "nit")),
        ("vivo en Medellín", {}, ("sena", None, "general", "antioquia")),
        ("escribo desde Leticia, Amazonas", {}, ("icbf", None, "general", "territory")),
        ("hola", {"facts": (("territory", "91001"),)}, ("icbf", None, "general", "territory")),
        ("hola", {}, ("presidencia", None, "general", "triage")),
        ("", {}, ("presidencia", None, "general", "triage")),
    ],
)  # fmt: skip
def test_each_band_claims_its_messages(text: str, fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert where(routed(text, **fields)) == expected


def test_stronger_bands_win() -> None:
    facts = (("agency", "dian"),)
    assert routed("SENA inscripción", recipient="85999", facts=facts).rule == "short-code"
    assert where(routed("SENA inscripción", facts=facts))[0] == "dian"
    assert routed("SENA declaración de renta").agency == "sena"
    assert routed("declaración de renta en Leticia").agency == "dian"


def test_all_conditions_of_a_rule_must_hold() -> None:
    facts = (("topic", "dian.impuestos"),)
    assert routed("x", facts=facts, channel="telegram").rule == "menu-renta"
    assert routed("x", facts=facts).rule == "menu"
    assert routed("Medellín", language="en").rule == "triage"
    assert routed("hello", language="en", channel="telegram").rule == "english"


def test_of_the_agencies_phrases_the_longest_wins() -> None:
    assert routed("impuesto sobre el cupo en el jardín").agency == "icbf"
    assert routed("inscripción y certificado de estudios").topic == "certificados"


def test_rules_are_tried_in_file_order() -> None:
    rows = [
        {"name": "long", "when": {"phrase": ["curso de cocina"]}, "agency": "dian"},
        {"name": "expression", "when": {"expression": "Cocína"}, "agency": "icbf"},
        {"name": "short", "when": {"phrase": ["curso"]}, "agency": "sena"},
    ]
    for order in (rows, rows[::-1]):
        rules = RuleSet.of(with_rules(*order))
        assert rules.route(said("un curso de cocina"), language="es").rule == order[0]["name"]


@pytest.mark.parametrize(
    ("odd", "text"),
    [("(a)\\1", "saavedra"), ("(?P<twice>z)(?P=twice)", "pizza"), ("(?i)ZETA", "zeta"), ("[A-C]afe", "café")],
)
def test_an_expression_holds_beside_others_as_it_does_alone(odd: str, text: str) -> None:
    rows = [
        {"name": "first", "when": {"expression": "(vía|ruta) cerrada"}, "agency": "dian"},
        {"name": "odd", "when": {"expression": odd}, "agency": "icbf"},
        {"name": "last", "when": {"expression": "cab[aá]llo"}, "agency": "sena"},
    ]
    rules = RuleSet.of(with_rules(*rows))
    held = {text: "odd", "la Vía cerrada": "first", "un caballo": "last", "un gato": "triage"}
    assert {each: rules.route(said(each), language="es").rule for each in held} == held


def test_a_keyword_suggests_no_topic_but_its_text_may() -> None:
    route = routed("SENA necesito un certificado de estudios")
    assert where(route) == ("sena", "certificados", "information", "keyword")
    assert [reason.code for reason in route.reasons][-2:] == ["keyword", "topic"]


def test_a_rules_class_overrides_what_the_menu_said() -> None:
    facts = (("class", "consultation"),)
    assert routed("nit 900123456", facts=facts).term_class == "information"
    assert routed("impuesto", facts=(("class", "no-such-class"),)).term_class == "consultation"


@pytest.mark.parametrize(
    ("text", "agency"),
    [
        ("Villanueva", "presidencia"),
        ("Villanueva, Casanare", "presidencia"),
        ("de Leticia a Medellín", "presidencia"),
        ("de Leticia, en el Amazonas", "icbf"),
    ],
)
def test_only_an_unambiguous_place_counts(text: str, agency: str) -> None:
    assert routed(text).agency == agency


def test_the_decoded_text_is_read_where_there_is_one() -> None:
    # inbound case 4
    assert routed("U0VOQSBpbnNjcmlwY2lvbmVz", decoded_text="SENA inscripciones").agency == "sena"


def test_the_trail_says_what_was_tried_and_what_matched() -> None:
    route = routed("¿Y las inscripciones?")
    assert [str(reason) for reason in route.reasons] == [
        "No rule or agency owns the number it was sent to.",
        "No agency was chosen in a menu.",
        "The first word is no keyword.",
        "The text contains a phrase of sena.inscripciones («inscripción»).",
    ]


@pytest.mark.parametrize(
    ("message", "agency"),
    [
        (said("sena ayuda"), "sena"),
        (said("cupo"), "icbf"),
        (said("ayuda del sena"), None),
        (said("x", facts=(("agency", "dian"),)), "dian"),
        (said("x", recipient="85432"), None),
    ],
)
def test_the_agency_asked_for_is_that_of_a_keyword_or_choice(message: Any, agency: str | None) -> None:
    assert RULES.keyword_agency(message) == agency


def test_a_good_configuration_has_no_shadows() -> None:
    assert unreachable(CATALOG) == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"phrase": ["curso"]}, {"phrase": ["curso de cocina", "un curso"]}),
        ({"territory": ["05"]}, {"territory": ["05001"], "language": ["es"]}),
        ({"menu": ["sena"]}, {"menu": ["sena.inscripciones"]}),
        ({"number": ["85-432"]}, {"number": ["85432"], "phrase": ["x"]}),
        ({"keyword": ["hola"]}, {"keyword": ["HOLA"], "channel": ["sms"]}),
        ({"expression": "abc"}, {"expression": "abc", "territory": ["05"]}),
    ],
)
def test_a_rule_that_another_forestalls_is_reported(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    first = {"name": "first", "when": earlier, "agency": "sena"}
    second = {"name": "second", "when": later, "agency": "sena"}
    assert [(name, by) for name, by, _ in unreachable(with_rules(first, second))] == [("second", "first")]
    assert unreachable(with_rules(second, first)) == []


def test_a_weaker_rule_never_shadows_a_stronger_one() -> None:
    weak = {"name": "weak", "when": {"language": ["es"]}, "agency": "sena"}
    strong = {"name": "strong", "when": {"number": ["85000"], "language": ["es"]}, "agency": "dian"}
    assert unreachable(with_rules(weak, strong)) == []


def test_rules_for_what_the_deployment_does_not_have_are_reported() -> None:
    fax = {"name": "fax", "when": {"channel": ["fax"]}, "agency": "sena"}
    latin = {"name": "latin", "when": {"language": ["la"]}, "agency": "sena"}
    assert [(name, by) for name, by, _ in unreachable(with_rules(fax, latin))] == [
        ("fax", "gateway"), ("latin", "gateway"),
    ]  # fmt: skip


def test_a_rule_that_takes_an_agencys_keyword_is_reported() -> None:
    catalog = with_rules({"name": "thief", "when": {"keyword": ["sena"]}, "agency": "dian"})
    assert [(name, by) for name, by, _ in unreachable(catalog)] == [("sena", "thief")]


def test_keywords_numbers_and_phrases_owned_twice_are_reported() -> None:
    sena, dian = CATALOG.agencies["sena"], CATALOG.agencies["dian"]
    topic = dian.topics[0].model_copy(update={"phrases": ("inscripciones",)})
    double = dian.model_copy(update={"keywords": ("séna",), "numbers": ("85-432",), "topics": (topic,)})
    catalog = small_catalog(rules=(), agencies={**CATALOG.agencies, "sena": sena, "dian": double})
    assert [why.split(":")[0] for _, _, why in unreachable(catalog)] == [
        "ambiguous keyword “séna”",
        "ambiguous number “85-432”",
        "ambiguous phrase “inscripciones”",
    ]


@given(st.text(max_size=200), st.text(max_size=20) | st.none(), st.text(max_size=20) | st.none())
def test_every_message_goes_somewhere_with_reasons(text: str, recipient: str | None, choice: str | None) -> None:
    route = routed(text, recipient=recipient, choice=choice)
    assert route.agency in CATALOG.agencies
    assert route.term_class in CATALOG.terms
    assert route.reasons
    assert all(reason.code in SENTENCES for reason in route.reasons)
