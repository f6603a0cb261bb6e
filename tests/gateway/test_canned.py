"""Canned answers: who may use and word them, how they are found, and how they are filled."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import canned
from gateway.clock import now
from gateway.errors import Conflict, Forbidden, Invalid, NotFound
from gateway.principal import Principal, Role
from gateway.store import canned as rows
from gateway.store.canned import Wording
from tests.support.running import Running, sample_deployment

CATALOG = sample_deployment().catalog
CASE = SimpleNamespace(number="20260000015", agency="sena", due_at=now())
HEAD = Principal(id=7, name="Jefa", role=Role.HEAD, agency="sena")
ADMINISTRATOR = Principal(id=1, name="test", role=Role.ADMINISTRATOR, agency=None)
DIAN = Principal(id=9, name="Otra", role=Role.MANAGER, agency="dian")
GIVEN = {
    "agency": "sena", "language": "es", "shortcut": "/Horario", "title": "Horario", "text": "Hola {name}: de 8 a 5.",
}  # fmt: skip


def wording(shortcut: str = "horario", title: str = "Horario", **more: Any) -> Wording:
    fields: dict[str, Any] = {"agency": "sena", "language": "es", "text": "De 8 a 5.", **more}
    return Wording(shortcut=shortcut, title=title, **fields)


async def kept(ventanilla: Running, *wordings: Wording) -> list[int]:
    async def work(conn: AsyncConnection) -> list[int]:
        return [await rows.add(conn, each, by=7, now=now()) for each in wordings]

    return await ventanilla.gateway.store.transact(work)


async def found(ventanilla: Running, prefix: str, by: Principal = HEAD, **more: Any) -> list[str]:
    async with ventanilla.gateway.store.read() as conn:
        return [row.title for row in await rows.matching(conn, by, more.pop("language", "es"), prefix, **more)]


async def test_what_is_typed_finds_shortcuts_first_without_accents_and_case(ventanilla: Running) -> None:
    await kept(
        ventanilla, wording("carne", "Un carné"), wording("documentos", "Para el carné"), wording("xyz", "Otra cosa"),
        wording("card", "The card", language="en"), wording("tramite", "Trámite", agency=None),
    )  # fmt: skip

    assert await found(ventanilla, "CARNÉ") == ["Un carné", "Para el carné"]
    assert await found(ventanilla, "tra") == ["Trámite"]
    assert await found(ventanilla, "car", language=None) == ["The card", "Un carné", "Para el carné"]
    assert await found(ventanilla, "nada") == []


async def test_each_agency_finds_its_own_and_everybodys(ventanilla: Running) -> None:
    await kept(
        ventanilla, wording(), wording(agency=None, title="De todos"), wording(agency="dian", title="De la DIAN")
    )

    assert await found(ventanilla, "") == ["Horario", "De todos"]
    assert await found(ventanilla, "", DIAN) == ["De la DIAN", "De todos"]
    # Who belongs to an agency cannot ask for another's.
    assert await found(ventanilla, "", DIAN, agency="sena") == ["De la DIAN", "De todos"]
    assert await found(ventanilla, "", ADMINISTRATOR, agency="sena") == ["Horario", "De todos"]


async def test_a_shortcut_means_one_answer_of_those_in_use(ventanilla: Running) -> None:
    store = ventanilla.gateway.store
    [first] = await kept(ventanilla, wording())
    with pytest.raises(Conflict):
        await kept(ventanilla, wording(title="Otro"))
    await kept(ventanilla, wording(agency=None), wording(language="en"))

    async def retire(active: bool) -> None:
        async def work(conn: Any) -> None:
            row = await rows.get(conn, HEAD, first)
            await rows.set_active(conn, row, active=active, by=7, now=now())

        await store.transact(work)

    await retire(False)
    assert await found(ventanilla, "", agency="sena") == ["Horario"]
    await kept(ventanilla, wording(title="El nuevo"))
    with pytest.raises(Conflict):
        await retire(True)


async def test_another_agencys_answer_does_not_exist(ventanilla: Running) -> None:
    [answer_id] = await kept(ventanilla, wording())
    async with ventanilla.gateway.store.read() as conn:
        assert (await rows.get(conn, HEAD, answer_id)).shortcut == "horario"
        with pytest.raises(NotFound):
            await rows.get(conn, DIAN, answer_id)


def test_a_wording_is_trimmed_and_kept_in_plain_letters() -> None:
    checked = canned.checked(HEAD, CATALOG, GIVEN | {"text": " Hola {name}:\r\nde 8 a 5. "})

    assert (checked.shortcut, checked.text) == ("horario", "Hola {name}:\nde 8 a 5.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "fr"), ("shortcut", "con espacio"), ("shortcut", "ñandú"), ("title", ""), ("title", "x" * 81),
        ("text", "   "), ("text", "x" * 2001), ("text", "Hola {nombre}"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_its_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        canned.checked(HEAD, CATALOG, GIVEN | {field: value})
    assert refused.value.field == field


def test_who_belongs_to_an_agency_words_its_answers_alone() -> None:
    for agency in ("", "dian"):
        with pytest.raises(Forbidden):
            canned.checked(HEAD, CATALOG, GIVEN | {"agency": agency})
    with pytest.raises(Forbidden):
        canned.checked(DIAN, CATALOG, GIVEN | {"agency": "dian"})
    assert canned.checked(ADMINISTRATOR, CATALOG, GIVEN | {"agency": ""}).agency is None


def test_an_answer_is_filled_once_and_a_missing_name_leaves_no_gap() -> None:
    text = "Hola {name}: su caso {number} lo tiene {agency}. Gracias, {name}."

    assert canned.filled(CATALOG, CASE, "Ana {number}", text) == (
        "Hola Ana {number}: su caso 20260000015 lo tiene SENA. Gracias, Ana {number}."
    )
    assert canned.filled(CATALOG, CASE, None, text) == (
        "Hola: su caso 20260000015 lo tiene SENA. Gracias."
    )  # fmt: skip
    assert canned.filled(CATALOG, CASE, None, "Hasta el {due}").removeprefix("Hasta el ").count("/") == 2


async def test_an_answer_weighs_as_much_where_it_is_worded_as_where_it_is_used_and_when_it_is_sent(
    ventanilla: Running,
) -> None:
    text = "La convocatoria de apoyos la publica cada centro de formación. Pregunte en bienestar y lleve su puntaje."
    _, weight = canned.example(CATALOG, "sena", text, now=now())
    assert (weight.segments, weight.forcing) == (2, ("ó",))

    await ventanilla.text("¿Cuándo abren las inscripciones del SENA en Leticia?")
    [case] = await ventanilla.cases()
    await ventanilla.gateway.desk.reply(ADMINISTRATOR, case.number, text)
    assert text in (await ventanilla.texts_to(at_least=2))[-1]
