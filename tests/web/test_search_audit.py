"""Who searched is noted, with how much they found, and not with what: the words may be a citizen's."""

import pytest

from gateway.audit import Action
from gateway.principal import Role
from tests.support.archive import Archive
from tests.support.running import Running
from tests.web.test_api import client
from tests.web.test_audit import log_of
from tests.web.visitor import employ, visitor


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_search_is_noted_without_its_words_on_the_page_and_over_the_api(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    archive = Archive(ventanilla.gateway.store)
    for phone in ("+573005550001", "+573005550002"):
        await archive.case("mi diagnóstico es confidencial", phone=phone)
    await archive.read()
    async with visitor(ventanilla, "luz") as browser:
        await browser.get("/console/search?q=diagnostico")
        await browser.get("/console/search?q=3005550001")
        await browser.get("/console/search?q=inexistente")
        # Nothing was asked, so nothing was searched.
        await browser.get("/console/search")
    program = await client(ventanilla, Role.MANAGER, "sena", name="tablero")
    assert (await program.get("/cases", q="diagnostico"))[0] == 200
    assert (await program.get("/cases"))[0] == 200
    found = await log_of(ventanilla, action=Action.SEARCHED)
    assert [(row.who, row.object, row.detail, row.agency) for row in found] == [
        ("luz", "", "hits: 2", "sena"), ("luz", "", "hits: 1", "sena"), ("luz", "", "hits: 0", "sena"),
        ("tablero", "", "hits: 2", "sena"),
    ]  # fmt: skip
    said = " ".join(str(tuple(row)) for row in found)
    assert not [word for word in ("diagnostico", "3005550001", "inexistente") if word in said]
