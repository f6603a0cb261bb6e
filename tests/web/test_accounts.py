"""One's own account, and the accounts of the staff."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gateway.store import accounts, staff
from gateway.web.csv_file import line
from tests.support.running import Running, running
from tests.web.visitor import PASSWORD, Page, Visitor, employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
FRESH = "otra frase que nadie adivina"


def link_of(page: Page) -> str:
    """The path of the invitation that a page shows."""
    [link] = re.findall(r'id="link" value="([^"]+)"', page.html)
    return "/invitation/" + unescape(link).partition("/invitation/")[2]


async def find(ventanilla: Running, login: str) -> staff.Member:
    async with ventanilla.gateway.store.read() as conn:
        found = await staff.find_by_login(conn, login)
    assert found is not None
    return found


async def test_who_is_invited_chooses_name_and_password_once_and_gets_in(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    async with visitor(ventanilla, "jefa") as browser:
        invited = await browser.post("/staff/invite", login="Luz.Amaya", role="manager", email="luz@sena.example")
        assert invited.status == 200, invited.text
        path = link_of(invited)
        assert "Con invitación" in (await browser.get("/staff")).text
    member = await find(ventanilla, "luz.amaya")
    assert (member.agency, member.active) == ("sena", False)  # nobody is given a case before they are there
    async with visitor(ventanilla) as browser:
        assert (await browser.log_in("luz.amaya", FRESH)).status == 401
        short = await browser.post(path, name="Luz", password="corta", again="corta")
        assert (short.status, "al menos 12 caracteres" in short.text) == (422, True)
        assert 'aria-describedby="password-fault password-help"' in short.html
        same = await browser.post(path, name="Luz", password=FRESH, again="otra")
        assert "no son iguales" in same.text
        page = await browser.post(path, name=" Luz  Amaya ", password=FRESH, again=FRESH)
        assert "Su cuenta está lista" in page.text
        for again in (await browser.get(path), await browser.post(path, name="X", password=FRESH, again=FRESH)):
            assert (again.status, "ya se usó o venció" in again.text) == (404, True)
        assert "Luz Amaya" in (await browser.log_in("luz.amaya", FRESH)).text


async def test_an_invitation_lapses_after_seventy_two_hours_and_a_new_one_takes_its_place(
    database: str, tmp_path: Path
) -> None:
    now = [datetime(2026, 11, 17, 14, 0, tzinfo=UTC)]
    async with running(database, tmp_path, now=lambda: now[0]) as ventanilla:
        await employ(ventanilla, "raiz", role="administrator")
        async with visitor(ventanilla, "raiz") as browser:
            first = link_of(await browser.post("/staff/invite", login="ana", role="triage"))
            ana = await find(ventanilla, "ana")
            second = link_of(await browser.post(f"/staff/{ana.id}/invite"))
            assert (await browser.get(first)).status == 404
            now[0] += timedelta(hours=71, minutes=59)
            assert (await browser.get(second)).status == 200
            now[0] += timedelta(minutes=1)
            assert (await browser.get(second)).status == 404


@ON_SQLITE
async def test_a_wrong_invitation_comes_back_with_what_was_typed_and_why(ventanilla: Running) -> None:
    await employ(ventanilla, "raiz", role="administrator")
    await employ(ventanilla, "luz", agency="sena")
    wrong = [
        ({"login": "9x", "role": "triage"}, 422, "empieza por letra"),
        ({"login": "ana", "role": "king"}, 422, "Elija uno de los perfiles"),
        ({"login": "ana", "role": "manager"}, 422, "responde por una entidad"),
        ({"login": "ana", "role": "operator", "agency": "sena"}, 422, "atiende toda la red"),
        ({"login": "ana", "role": "manager", "agency": "nadie"}, 422, "no está en la configuración"),
        ({"login": "ana", "role": "triage", "email": "no es correo"}, 422, "no es un correo"),
        ({"login": "luz", "role": "triage"}, 409, "ya existe"),
    ]
    async with visitor(ventanilla, "raiz") as browser:
        for form, status, said in wrong:
            page = await browser.post("/staff/invite", **form)
            assert (page.status, said in page.text) == (status, True), (form, page.text)
            assert f'value="{form["login"]}"' in page.html


@ON_SQLITE
async def test_a_head_looks_after_the_own_agency_and_gives_no_role_above_the_own(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    luz = await employ(ventanilla, "luz", agency="sena")
    others = [
        await employ(ventanilla, "otra", agency="dian"),
        await employ(ventanilla, "raiz", role="administrator"),
        await employ(ventanilla, "veedora", role="auditor", agency="sena"),
    ]
    async with visitor(ventanilla, "jefa") as browser:
        text = (await browser.get("/staff")).html
        assert "luz" in text
        for member in others:
            assert f"/staff/{member.id}" not in text
            for act in ("", "/disable", "/role", "/email", "/invite", "/second-factor"):
                page = await (browser.post(f"/staff/{member.id}{act}") if act else browser.get(f"/staff/{member.id}"))
                # A role that may not be given is told before whose it would be.
                assert page.status == (422 if act == "/role" and "perfiles" in page.text else 404), (member.login, act)
        for role in ("administrator", "auditor", "operator", "triage"):
            assert (await browser.post("/staff/invite", login="ana", role=role)).status == 422
            assert (await browser.post(f"/staff/{luz.id}/role", role=role)).status == 422
        # What another agency's name in the form would do: nothing.
        await browser.post(f"/staff/{luz.id}/role", role="head", agency="dian")
        found = await find(ventanilla, "luz")
        assert (found.role, found.agency) == ("head", "sena")


async def test_another_role_and_a_disabled_account_end_the_sessions_at_once(ventanilla: Running) -> None:
    await employ(ventanilla, "raiz", role="administrator")
    luz = await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "raiz") as raiz, visitor(ventanilla, "luz") as browser:
        page = await raiz.post(f"/staff/{luz.id}/role", role="auditor", agency="dian")
        assert (page.status, "Cambió un perfil" in page.text) == (200, True)
        assert (await browser.get("/console")).path.startswith("/login")
        assert "Audita" in (await browser.log_in("luz")).text
        assert "Desactivó una cuenta" in (await raiz.post(f"/staff/{luz.id}/disable")).text
        assert (await browser.get("/console")).path.startswith("/login")
        assert (await raiz.post(f"/staff/{luz.id}/invite")).status == 409
        assert (await browser.log_in("luz")).status == 401
        await raiz.post(f"/staff/{luz.id}/enable")
        assert (await browser.log_in("luz")).status == 200


@ON_SQLITE
async def test_nobody_changes_the_own_account_among_the_staff(ventanilla: Running) -> None:
    raiz = await employ(ventanilla, "raiz", role="administrator")
    async with visitor(ventanilla, "raiz") as browser:
        assert "la administra otra persona" in (await browser.get(f"/staff/{raiz.id}")).text
        for act, form in (("disable", {}), ("role", {"role": "operator"}), ("invite", {}), ("second-factor", {})):
            page = await browser.post(f"/staff/{raiz.id}/{act}", **form)
            assert page.status == 409, act


@ON_SQLITE
async def test_an_e_mail_address_belongs_to_one_member(ventanilla: Running) -> None:
    await employ(ventanilla, "raiz", role="administrator")
    luz, ana = [await employ(ventanilla, login, agency="sena") for login in ("luz", "ana")]
    async with visitor(ventanilla, "raiz") as browser:
        assert (await browser.post(f"/staff/{luz.id}/email", email=" Luz@SENA.example ")).status == 200
        taken = await browser.post(f"/staff/{ana.id}/email", email="luz@sena.example")
        assert (taken.status, "Otra persona tiene ese correo" in taken.text) == (422, True)
        assert (await browser.post(f"/staff/{luz.id}/email", email="")).status == 200
        assert (await browser.post(f"/staff/{ana.id}/email", email="luz@sena.example")).status == 200


async def test_a_changed_password_keeps_this_session_and_ends_the_others(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as elsewhere, visitor(ventanilla, "luz") as browser:
        await browser.get("/account")
        form = {"current": PASSWORD, "password": FRESH, "again": FRESH}
        wrong = await browser.post("/account/password", **{**form, "current": "no es esta frase"})
        assert (wrong.status, "Esa no es la contraseña actual" in wrong.text) == (422, True)
        assert 'aria-describedby="current-fault"' in wrong.html
        assert FRESH not in wrong.html
        own = await browser.post("/account/password", **{**form, "password": "nombre de luz y mas"})
        assert "ni su nombre" in own.text
        assert (await browser.post("/account/password", **form)).path == "/account?done=password"
        assert (await browser.get("/console")).path == "/console"
        assert (await elsewhere.get("/console")).path.startswith("/login")
        assert (await elsewhere.log_in("luz")).status == 401
        assert (await elsewhere.log_in("luz", FRESH)).status == 200


@ON_SQLITE
async def test_guessing_the_present_password_counts_as_failing_to_log_in(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        await browser.get("/account")
        form = {"password": FRESH, "again": FRESH}
        for n in range(5):
            assert "Esa no es" in (await browser.post("/account/password", current=f"intento {n}", **form)).text
        assert "demasiados intentos" in (await browser.post("/account/password", current=PASSWORD, **form)).text
    async with visitor(ventanilla) as browser:
        assert (await browser.log_in("luz")).status == 429


async def test_ones_sessions_are_listed_and_ended_one_by_one_or_all(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "ana", agency="sena")
    async with (
        visitor(ventanilla, "luz") as one,
        visitor(ventanilla, "luz") as two,
        visitor(ventanilla, "luz") as three,
    ):
        page = await one.get("/account")
        ends = re.findall(r"/account/sessions/(\d+)/end\"", page.html)
        assert len(ends) == 2
        assert "127.0.0.1" in page.text
        async with visitor(ventanilla, "ana") as ana:
            assert (await ana.post(f"/account/sessions/{ends[0]}/end")).status == 404
        assert (await one.post(f"/account/sessions/{ends[0]}/end")).path == "/account?done=session"
        assert (await three.get("/console")).path.startswith("/login")
        assert (await two.get("/console")).path == "/console"
        assert (await one.post("/account/sessions/end-others")).path == "/account?done=sessions"
        assert (await two.get("/console")).path.startswith("/login")
        assert (await one.get("/console")).path == "/console"


@ON_SQLITE
async def test_notices_reach_a_phone_or_a_chat_that_was_written_right(ventanilla: Running) -> None:
    luz = await employ(ventanilla, "luz", agency="sena")

    async def kept() -> tuple[str | None, str | None]:
        async with ventanilla.gateway.store.read() as conn:
            own = await accounts.own(conn, luz.id)
        return own.notices_urn, own.notices_channel

    async with visitor(ventanilla, "luz") as browser:
        await browser.get("/account")
        page = await browser.post("/account/notices", channel="sms", address="300 123 4567")
        assert (page.path, await kept()) == ("/account?done=notices", ("tel:+573001234567", "sms"))
        for channel, address, said in (
            ("sms", "12", "no es un número de teléfono"),
            ("telegram", "@luz", "de 5 a 16 cifras"),
            ("ussd", "3001234567", "Elija el canal"),
        ):
            page = await browser.post("/account/notices", channel=channel, address=address)
            assert (page.status, said in page.text) == (422, True), channel
            assert f'value="{address}"' in page.html
        await browser.post("/account/notices", channel="telegram", address="70012345")
        assert await kept() == ("telegram:70012345", "telegram")
        await browser.post("/account/notices", channel="sms", address=" ")
        assert await kept() == (None, None)


async def _session_of(browser: Visitor) -> str:
    """The network address that the newest session of the page's list came from."""
    page = await browser.get("/account")
    return str(re.findall(r"</time></td><td>([^<]+)</td>", page.html)[0])


@ON_SQLITE
async def test_a_forwarded_address_is_believed_only_from_a_proxy_that_was_named(database: str, tmp_path: Path) -> None:
    form = {"login": "luz", "password": PASSWORD}
    headers = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
    for proxies, expected in (
        ("", "127.0.0.1"),
        ("127.0.0.0/8", "203.0.113.7"),
        ("127.0.0.1,203.0.113.7", "198.51.100.9"),
    ):
        async with running(database, tmp_path, VENTANILLA_TRUSTED_PROXIES=proxies) as ventanilla:
            if not proxies:
                await employ(ventanilla, "luz", agency="sena")
            async with visitor(ventanilla) as browser:
                async with browser.http.post(f"{browser.base}/login", data=form, headers=headers) as answer:
                    assert answer.status == 200
                assert await _session_of(browser) == expected


@ON_SQLITE
async def test_a_made_up_forwarded_address_does_not_get_round_the_throttle(database: str, tmp_path: Path) -> None:
    named: dict[str, Any] = {"VENTANILLA_TRUSTED_PROXIES": "127.0.0.1"}
    async with running(database, tmp_path, **named) as ventanilla, visitor(ventanilla) as browser:
        for n in range(21):
            headers = {"X-Forwarded-For": f"10.9.8.{n}, 203.0.113.7"}
            form = {"login": f"persona{n}", "password": "x"}
            async with browser.http.post(f"{browser.base}/login", data=form, headers=headers) as answer:
                assert answer.status == (401 if n < 20 else 429)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+57", "'+57"), ("-1", "'-1"), ("@x", "'@x"), ("\ta", "'\ta"), (None, ""), (3, "3"),
        ('a "b", c', '"a ""b"", c"'),
    ],
)  # fmt: skip
def test_no_cell_of_a_table_is_a_formula(cell: object, written: str) -> None:
    assert line([cell]) == (written or '""') + "\r\n"
