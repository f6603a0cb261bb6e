"""What an agency says in its own words: what it must hold, where it is said, and when it comes into force."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import own_texts
from gateway.catalog.texts import REQUIRED_TEXTS
from gateway.clock import now
from gateway.deployment import Deployment
from gateway.errors import Invalid
from gateway.own_texts import OwnTexts
from gateway.store import own_texts as rows
from gateway.store import schema as t
from tests.support.running import ADMINISTRATOR, Running, sample_deployment

CATALOG = sample_deployment().catalog
OWN = "El SENA tiene su caso {number} desde el {date}, por {agency}, hasta el {due}."
QUESTION = "SENA ¿cuándo abren las inscripciones?"


async def put(ventanilla: Running, name: str, text: str, *, language: str = "es", agency: str = "sena") -> None:
    async def work(conn: AsyncConnection) -> None:
        await rows.put(conn, agency=agency, language=language, name=name, text=text, by=1, now=now())

    await ventanilla.gateway.store.transact(work)


def checked(text: str, *, name: str = "ack_new", language: str = "es") -> str:
    return own_texts.checked(CATALOG, agency="sena", language=language, name=name, text=text)


def test_every_text_of_the_list_names_the_agency_or_the_case() -> None:
    assert all({"number"} <= REQUIRED_TEXTS[name] for name in own_texts.NAMES)


@pytest.mark.parametrize(
    "text",
    ["", "Gracias.", OWN.replace("{date}", ""), OWN + " {nombre}", OWN + " Le responderemos con mucho gusto." * 3],
    ids=["empty", "nothing", "one missing", "one too many", "too long"],
)
def test_an_acknowledgement_holds_its_placeholders_and_fits_one_segment(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(text)
    assert refused.value.field == "text"


def test_a_good_wording_is_trimmed() -> None:
    assert checked(f" {OWN}\r\n") == OWN
    # Accents are dropped before it is sent here, so they cost nothing.
    assert checked(OWN.replace("tiene", "tendrá ya")) == OWN.replace("tiene", "tendrá ya")


def test_other_texts_and_other_languages_may_be_longer() -> None:
    long = "Su caso {number} se cerró." + " Escriba otra vez si le hace falta algo más." * 4
    assert checked(long, name="closed") == long
    with pytest.raises(Invalid):
        checked(long * 3, name="closed")
    english = OWN + " We shall answer with pleasure, whatever may happen in the meantime, at this very number." * 2
    assert checked(english, language="en") == english


@pytest.mark.parametrize(("field", "more"), [("name", {"name": "help"}), ("language", {"language": "fr"})])
def test_what_is_not_the_agencys_to_word_is_refused(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        checked(OWN, **more)
    assert refused.value.field == field


def test_the_example_of_a_transfer_names_another_agency() -> None:
    def example(name: str) -> str:
        return own_texts.example(CATALOG, agency="sena", name=name, language="es", text="{agency}", now=now())

    assert (example("closed"), example("answer_prefix")) == ("{agency}", "SENA")
    assert example("transferred") != "SENA"


async def test_an_own_wording_is_said_at_once_to_that_agencys_citizens_alone(ventanilla: Running) -> None:
    await put(ventanilla, "ack_new", OWN)
    await ventanilla.gateway.own_texts.read()

    await ventanilla.text(QUESTION)
    await ventanilla.text("DIAN ¿cómo saco el RUT?", sender="+573005550002")

    [sena], [dian] = await ventanilla.texts_to(), await ventanilla.texts_to("+573005550002")
    assert sena.startswith("El SENA tiene su caso 2")
    assert dian.startswith("Gracias. Su solicitud es el caso")


async def test_notices_of_the_desk_are_worded_by_the_agency_that_has_the_case(ventanilla: Running) -> None:
    await put(ventanilla, "transferred", "SENA pasa su caso {number} a {agency}: {reason}.")
    await put(ventanilla, "closed", "Otro cierre del caso {number}.")
    await put(ventanilla, "closed", "La DIAN cierra el caso {number}.", agency="dian")
    await ventanilla.gateway.own_texts.read()
    await ventanilla.text(QUESTION)
    [case] = await ventanilla.cases()
    desk = ventanilla.gateway.desk

    await desk.transfer(ADMINISTRATOR, case.number, agency="dian", reason="es de impuestos")
    await desk.close(ADMINISTRATOR, case.number, outcome="withdrawn", reason="ya no lo necesita")

    texts = await ventanilla.texts_to(at_least=3)
    assert f"SENA pasa su caso {case.number} a DIAN: es de impuestos." in texts
    assert f"La DIAN cierra el caso {case.number}." in texts


async def test_an_own_heading_stands_before_an_answer_with_a_space(ventanilla: Running) -> None:
    await put(ventanilla, "answer_prefix", "{agency}, sobre el caso {number}:")
    await ventanilla.gateway.own_texts.read()
    await ventanilla.text(QUESTION)
    await ventanilla.text("DIAN ¿cómo saco el RUT?")
    [case] = [each for each in await ventanilla.cases() if each.agency == "sena"]

    await ventanilla.gateway.desk.reply(ADMINISTRATOR, case.number, "Abren el 15 de enero.")

    assert f"SENA, sobre el caso {case.number}: Abren el 15 de enero." in await ventanilla.texts_to(at_least=3)


async def test_what_another_process_has_changed_comes_into_force(ventanilla: Running) -> None:
    heard: list[Any] = []
    other = OwnTexts(ventanilla.gateway.store, apply=heard.append)
    await put(ventanilla, "closed", "Cerrado el caso {number}.")
    await other.read()
    await other.read()

    async def restore(conn: AsyncConnection) -> bool:
        return await rows.drop(conn, agency="sena", language="es", name="closed")

    assert await ventanilla.gateway.store.transact(restore)
    assert not await ventanilla.gateway.store.transact(restore)
    await other.read()

    assert heard == [{("sena", "es", "closed"): "Cerrado el caso {number}."}, {}]


async def test_a_text_that_cannot_be_said_gives_way_to_the_default(ventanilla: Running) -> None:
    """It may have been kept by another version, whose texts held other placeholders."""
    row = {"agency": "sena", "language": "es", "updated_by": 1, "updated_at": now()}
    kept = [{**row, "name": "closed", "text": "Cerrado."}, {**row, "name": "gone", "text": "Hola {number}."}]
    await ventanilla.gateway.store.transact(lambda conn: conn.execute(insert(t.agency_text), kept))
    await ventanilla.gateway.own_texts.read()

    assert ventanilla.gateway.current().catalog.own_texts == {}


async def test_own_texts_outlive_another_configuration(ventanilla: Running) -> None:
    await put(ventanilla, "closed", "Cerrado el caso {number}.")
    gateway = ventanilla.gateway
    await gateway.own_texts.read()
    before: Deployment = gateway.current()

    assert await gateway.reload()

    assert gateway.current() is not before
    assert gateway.current().catalog.say("closed", "es", of="sena", number=1) == "Cerrado el caso 1."
    assert gateway.current().catalog.say("closed", "es", of="dian", number=1) != "Cerrado el caso 1."
