"""Search: what is found, by whom, and how it follows what happens to a case."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store.engine import open_store
from tests.support.archive import EVERYBODY, Archive, manager

LONG_WORD = "supercalifragil" * 700
HOSTILE = [
    "", " ", '"', '"""', "'", "''; DROP TABLE cases; --", "*", "-", "--", "()", "a AND", "OR OR", "NEAR(a b, 3)", "^a",
    "a:b", "words:a", "search_words:x", "{a b}: c", "a + b", "-a", '-"a b"', "\x00", "a\x00b", "\ud800",
    "\u202eabc\u202c", "'a':* & !b", "a | b", "<->", "agency:", "agency:'x", "state:closed agency:sena", LONG_WORD,
    "from:9999-12-31 to:0000-00-00 x", "to:9000-12 x", "😀", "ñ*", "inscr*x*", "_a-dian", "_q", "%",
    "a" * 39 + "ciones", "+57 300", "0" * 400, "1 2 3 4", "«", "palabra " * 300,
]  # fmt: skip


@pytest.fixture
async def archive(database: str) -> AsyncIterator[Archive]:
    store = await open_store(database, serving=True)
    yield Archive(store)
    await store.close()


async def test_words_are_found_without_accents_in_any_inflection_and_all_of_them(archive: Archive) -> None:
    asked = await archive.case("¿Cuándo abren las INSCRIPCIONES de enfermería?")
    other = await archive.case("Mi hijo quiere la inscripción en otra escuela")
    await archive.read()
    assert await archive.numbers_of("inscripcion") == [other.number, asked.number]
    assert await archive.numbers_of("enfermeria inscripción") == [asked.number]
    assert await archive.numbers_of("¡ENFERMERIAS,  cuando!") == [asked.number]
    assert await archive.numbers_of("enfermeria pensión") == []


async def test_answers_and_notes_are_found_and_receipts_are_not(archive: Archive) -> None:
    case = await archive.case("Hola", answer="Traiga su cédula")
    await archive.say(case, "Llamar al notario", direction="note", kind="note")
    await archive.say(case, "Recibimos su mensaje con gratitud", direction="out", kind="acknowledgement")
    await archive.read()
    assert await archive.numbers_of("cedula") == [case.number]
    assert await archive.numbers_of("notario") == [case.number]
    assert await archive.numbers_of("gratitud") == []


async def test_phrases_beginnings_and_words_left_out(archive: Archive) -> None:
    phrase = await archive.case("Necesito un certificado de afiliación a la caja")
    parted = await archive.case("La afiliación salió, falta el certificado de educación")
    await archive.read()
    assert await archive.numbers_of('"certificado de afiliacion"') == [phrase.number]
    assert await archive.numbers_of("certificado afiliación") == [parted.number, phrase.number]
    assert await archive.numbers_of("certificado -educacion") == [phrase.number]
    assert await archive.numbers_of('certificado -"certificado de afiliación"') == [parted.number]
    assert await archive.numbers_of("certif*") == [parted.number, phrase.number]
    # The stem of "educación" is shorter than what was typed of it.
    assert await archive.numbers_of("educaci*") == [parted.number]


async def test_people_are_found_by_name_number_and_last_digits(archive: Archive) -> None:
    maria = await archive.case("Buenos días", name="María Quispe", phone="+573005550001")
    jose = await archive.case("Buenas tardes", name="José Quispe", phone="+573115559934")
    await archive.read()
    assert await archive.numbers_of("maria quispe") == [maria.number]
    assert set(await archive.numbers_of("QUISPE")) == {maria.number, jose.number}
    for typed in ("0001", "3005550001", "+57 300 555 0001", "+573005550001", "(300) 555-0001", "maría 0001"):
        assert await archive.numbers_of(typed) == [maria.number], typed
    assert await archive.numbers_of("josé 0001") == []
    assert await archive.numbers_of(jose.number) == [jose.number]
    assert await archive.numbers_of(f"{jose.number} state:open") == [jose.number]


async def test_filters_narrow_by_agency_channel_state_and_days(archive: Archive) -> None:
    early = await archive.case("subsidio de vivienda", at=datetime(2026, 1, 31, 23, tzinfo=UTC), answer="Sí")
    late = await archive.case("subsidio de arriendo", agency="dian", channel="web")
    await archive.read()
    assert await archive.numbers_of("subsidio agency:dian") == [late.number]
    assert await archive.numbers_of("subsidio canal:sms") == [early.number]
    assert await archive.numbers_of("subsidio estado:respondido") == [early.number]
    assert await archive.numbers_of("subsidio from:2026-01 to:2026-01") == [early.number]
    assert await archive.numbers_of("subsidio to:2026-01-30") == []
    assert await archive.numbers_of("subsidio desde:2026-02-01") == [late.number]
    assert await archive.numbers_of("state:open") == [late.number]
    assert await archive.numbers_of("agency:dian from:2026-03-01") == [late.number]


async def test_who_belongs_to_an_agency_finds_nothing_of_another_in_any_way(archive: Archive) -> None:
    own = await archive.case("impuesto predial", agency="dian", name="Ana Ruiz", phone="+573001112222")
    other = await archive.case("impuesto secreto", agency="sena", name="Luis Ruiz", phone="+573003332222")
    await archive.read()
    seen = manager("dian")
    assert await archive.numbers_of("impuesto", seen) == [own.number]
    for typed in ("secreto", "luis", "2222 luis", "3003332222", other.number, "impuesto agency:sena", "agency:sena"):
        found = await archive.found(typed, seen)
        assert ([case.number for case in found.cases], found.said, found.counted) == ([], {}, 0), typed
    assert await archive.numbers_of("ruiz", seen) == [own.number]
    assert await archive.numbers_of("2222", seen) == [own.number]
    assert (await archive.found("impuesto", seen)).counted == 1
    assert await archive.numbers_of("impuesto", manager("")) == []


async def test_a_transferred_case_is_lost_to_the_old_agency_at_once_and_then_found_by_the_new(archive: Archive) -> None:
    case = await archive.case("licencia de conducción", name="Rosa Tique")
    await archive.read()
    await archive.transfer(case, "dian")
    assert await archive.numbers_of("licencia", manager("sena")) == []
    assert await archive.numbers_of("rosa", manager("sena")) == []
    assert await archive.numbers_of("licencia") == [case.number]
    await archive.read()
    assert await archive.numbers_of("licencia", manager("dian")) == [case.number]
    assert await archive.numbers_of("rosa", manager("dian")) == [case.number]
    assert await archive.numbers_of("licencia", manager("sena")) == []
    await archive.transfer(case, "sena")
    await archive.read()
    assert await archive.numbers_of("licencia", manager("sena")) == [case.number]


async def test_a_moved_message_is_found_in_its_new_case(archive: Archive) -> None:
    first = await archive.case("Una pregunta", "Otra sobre el pasaporte")
    second = await archive.case("Visa", agency="dian")
    await archive.read()
    await archive.move(first.messages[1], second)
    await archive.read()
    assert await archive.numbers_of("pasaporte") == [second.number]
    assert await archive.numbers_of("pasaporte", manager("dian")) == [second.number]
    assert await archive.numbers_of("pasaporte", manager("sena")) == []


async def test_an_edit_and_a_new_name_are_found(archive: Archive) -> None:
    case = await archive.case("Necesito la copia")
    await archive.read()
    await archive.say(case, "Necesito la fotocopia", kind="edit", version_of=case.messages[0])
    await archive.read()
    assert await archive.numbers_of("fotocopia") == [case.number]


async def test_pages_of_one_search_fit_together_and_counts_end_at_fifty(archive: Archive) -> None:
    cases = [await archive.case(f"solicitud número {n}", f"otra solicitud {n}") for n in range(53)]
    await archive.read()
    newest = [case.number for case in reversed(cases)]
    first = await archive.found("solicitud", limit=20)
    assert ([case.number for case in first.cases], first.counted, first.more) == (newest[:20], 51, True)
    top = cases[-1].messages[-1] + 1
    await archive.case("solicitud que llega entre dos páginas")
    await archive.read()
    assert await archive.numbers_of("solicitud", limit=20, skip=20, below=top) == newest[20:40]
    last = await archive.found("solicitud", limit=20, skip=40, below=top)
    assert ([case.number for case in last.cases], last.more) == (newest[40:], False)
    assert (await archive.found("solicitud 7")).counted == 1


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_that_is_typed_is_an_error_or_reaches_beyond_the_boundary(archive: Archive, typed: str) -> None:
    own = await archive.case("consulta propia", agency="dian")
    await archive.case("consulta ajena a b c near or and x", agency="sena")
    await archive.read()
    assert set(await archive.numbers_of(typed, manager("dian"))) <= {own.number}
    assert await archive.numbers_of(f"{typed[:400]} consulta propia", manager("icbf")) == []


async def test_hostile_messages_are_read_like_others(archive: Archive) -> None:
    texts = [text for text in HOSTILE if "\x00" not in text and "\ud800" not in text]
    case = await archive.case(*texts, "<script>alert(1)</script> y una certeza", "e\u0301xito insc\u200bripcion")
    other = await archive.case("_a-dian _q ' \" certeza", agency="sena")
    assert await archive.read() == len(texts) + 3
    assert await archive.numbers_of("script alert") == [case.number]
    assert await archive.numbers_of("éxito inscripción") == [case.number]
    assert await archive.numbers_of(LONG_WORD) == [case.number]
    assert await archive.numbers_of("certeza", manager("dian")) == []
    assert await archive.numbers_of("certeza", manager("sena")) == [other.number, case.number]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(typed=st.text(max_size=60))
async def test_any_text_at_all_can_be_searched_for(archive: Archive, typed: str) -> None:
    assert (await archive.found(typed, EVERYBODY)).counted == 0
