"""What earlier cases suggest: answers of similar ones, and the agencies that have such questions."""

from collections.abc import AsyncIterator

import pytest

from gateway.principal import Principal
from gateway.search import suggestions
from gateway.search.suggestions import Likely, Similar
from gateway.store.engine import open_store
from tests.support.archive import EVERYBODY, Archive, Filed, manager
from tests.support.running import sample_deployment

CATALOG = sample_deployment().catalog
ANSWERED = (
    ("¿Cómo saco el certificado de afiliación a la EPS?", "El certificado se descarga en la página."),
    ("¿Cuándo abren inscripciones para enfermería?", "Abren el 15 de enero."),
    ("Perdí el diploma, ¿cómo pido un duplicado?", "El duplicado se pide en la sede."),
    ("¿Qué días atienden?", "De lunes a viernes."),
)


@pytest.fixture
async def archive(database: str) -> AsyncIterator[Archive]:
    store = await open_store(database, serving=True)
    yield Archive(store)
    await store.close()


async def similar(archive: Archive, case: Filed, principal: Principal = EVERYBODY) -> list[Similar]:
    async with archive.store.read() as conn:
        return await suggestions.similar(conn, principal, case)


async def likeliest(archive: Archive, question: str) -> list[Likely]:
    async with archive.store.read() as conn:
        return await suggestions.likeliest(conn, question, catalog=CATALOG)


async def test_the_answers_of_the_most_similar_cases_are_suggested_with_the_words_they_share(archive: Archive) -> None:
    cases = [await archive.case(question, answer=answer) for question, answer in ANSWERED]
    asked = await archive.case("Buenas, necesito un duplicado del diploma de bachiller")
    await archive.read()
    [found] = await similar(archive, asked)
    assert (found.number, found.answer) == (cases[2].number, "El duplicado se pide en la sede.")
    assert set(found.words) == {"duplicado", "diploma"}
    assert 0.3 <= found.score <= 1


async def test_only_answered_cases_of_ones_own_agencies_are_suggested(archive: Archive) -> None:
    question = "¿Cómo pido un duplicado del diploma?"
    own = await archive.case(question, answer="En la sede.", agency="dian")
    await archive.case(question, answer="Es un secreto de otra entidad.", agency="sena")
    await archive.case(question, agency="dian")
    asked = await archive.case(question, agency="dian")
    await archive.read()
    assert [found.number for found in await similar(archive, asked, manager("dian"))] == [own.number]
    assert len(await similar(archive, asked)) == 2
    await archive.transfer(own, "icbf")
    assert await similar(archive, asked, manager("dian")) == []


async def test_an_answer_is_found_behind_many_newer_questions_that_have_none(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "_READ", 3)
    question = "¿Cómo pido un duplicado del diploma?"
    old = [await archive.case(question, answer=f"En la sede {n}.") for n in range(2)]
    for _ in range(8):
        await archive.case(question)
    asked = await archive.case(question)
    await archive.read()
    assert [found.number for found in await similar(archive, asked)] == [case.number for case in reversed(old)]


async def test_an_answer_in_parts_is_whole_again_and_without_its_old_case_number(archive: Archive) -> None:
    asked = await archive.case("duplicado del diploma")
    case = await archive.case("duplicado del diploma", answer="Primera respuesta, errada.")
    prefix = CATALOG.say("answer_prefix", "es", number=case.number, agency=CATALOG.agencies["sena"].short)
    first, second = await archive.answer(case, f"{prefix}Pida el duplicado (1/2)", "en la sede (2/2)")
    await archive.read()
    [found] = await similar(archive, asked)
    assert found.answer_id == first
    assert suggestions.unaddressed(found.answer, found, CATALOG) == "Pida el duplicado en la sede"
    async with archive.store.read() as conn:
        said = await suggestions.answer_of(conn, manager("sena"), first, catalog=CATALOG)
        assert said == "Pida el duplicado en la sede"
        assert await suggestions.answer_of(conn, manager("dian"), first, catalog=CATALOG) is None
        assert await suggestions.answer_of(conn, manager("sena"), second, catalog=CATALOG) is None
        assert await suggestions.answer_of(conn, EVERYBODY, case.messages[0], catalog=CATALOG) is None


async def test_a_question_without_words_or_history_suggests_nothing(archive: Archive) -> None:
    silent = await archive.case("😀", "")
    alone = await archive.case("tengo una pregunta")
    hostile = await archive.case("a" * 10_000, "'\" <-> NEAR( OR :* _q _a-sena" * 50)
    await archive.read()
    for case in (silent, alone, hostile):
        assert await similar(archive, case) == []
    assert await likeliest(archive, "😀 ' \" NEAR(") == []


async def test_the_agency_that_answered_such_questions_is_the_likeliest_and_the_words_say_why(archive: Archive) -> None:
    for n in range(6):
        await archive.case(f"mi finca se inundó con el río número {n}", agency="ideam", answer="Vamos.")
        await archive.case(f"el bus no pasa por mi finca {n}", agency="mintransporte", answer="Pasará.")
    await archive.read()
    first, *others = await likeliest(archive, "La finca de mi abuela se INUNDÓ anoche")
    assert first.agency == "ideam"
    assert "inundo" in first.words
    assert set(first.words) <= {"finca", "abuela", "inundo", "anoche"}
    assert first.score >= max((other.score for other in others), default=0)
    assert sum(one.score for one in (first, *others)) <= 1.0001


async def test_without_history_the_catalogs_phrases_speak(archive: Archive) -> None:
    agency = next(a for a in CATALOG.agencies.values() if a.topics and a.topics[0].phrases)
    phrase = max((p for topic in agency.topics for p in topic.phrases), key=len)
    found = await likeliest(archive, f"Buenos días, {phrase}, por favor")
    assert agency.key in [one.agency for one in found]
    assert len(found) <= 3


async def test_neither_the_triage_desk_nor_an_agency_that_is_gone_is_suggested(archive: Archive) -> None:
    for agency in (CATALOG.gateway.triage, "abolida"):
        await archive.case("mi finca se inundó", agency=agency, answer="Vamos.")
    await archive.read()
    assert {one.agency for one in await likeliest(archive, "mi finca se inundó")}.isdisjoint(
        {CATALOG.gateway.triage, "abolida"}
    )


async def test_what_is_asked_in_cases_without_an_answer_does_not_vote(archive: Archive) -> None:
    await archive.case("xilófono perdido", agency="sena")
    await archive.case("xilófono perdido", agency="sena", state="closed")
    await archive.read()
    assert await likeliest(archive, "xilófono") == []


def test_parts_are_joined_only_where_there_are_several() -> None:
    assert suggestions.joined(["uno (1/2)", "dos (2/2)"]) == "uno dos"
    assert suggestions.joined(["solo (1/2)"]) == "solo (1/2)"
    assert suggestions.joined([]) == ""
