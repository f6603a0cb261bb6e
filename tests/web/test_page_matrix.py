"""Every page and form of the internal listener × everybody: who gets what. A new route needs a row here."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from gateway import app
from gateway.clock import new_id, now
from gateway.principal import Principal, Role
from gateway.store import absences, accounts, canned, logins, staff
from gateway.store.canned import Wording
from gateway.store.logins import Opening
from gateway.web.auth import LIFETIME, SESSION_COOKIE, hashed
from tests.support.running import Running
from tests.web.test_api import BODIES, a_file, an_exchange, asked, hire, inbound_ids

# Nobody who is logged in, then the columns of `EXPECTED`. The case of every call is SENA's.
CALLERS: dict[str, tuple[Role, str | None]] = {
    "manager": (Role.MANAGER, "sena"),
    "other": (Role.MANAGER, "dian"),
    "head": (Role.HEAD, "sena"),
    "triage": (Role.TRIAGE, None),
    "operator": (Role.OPERATOR, None),
    "auditor": (Role.AUDITOR, None),
    "administrator": (Role.ADMINISTRATOR, None),
}
ADMINISTRATOR = Principal(id=1, name="test", role=Role.ADMINISTRATOR, agency=None)
CASE = "/console/cases/{number}"

# anonymous, then the callers. `in` is a redirect to the login page; any other 303 is a form that did its work.
#                     anon man oth head tri op aud adm
WORKS = "               in 303 404 303 303 403 403 303"
OWN = "                 in 303 303 303 303 303 303 303"
READS = "               in 200 200 200 200 200 200 200"
CHANNELS = "            in 403 403 403 403 200 200 200"
REPLAYS = "             in 403 403 403 403 303 403 303"
KEEPS = "               in 403 403 303 403 403 403 303"
SUPERVISES = "          in 403 403 303 303 403 403 303"
TEAM = "                in 403 403 200 200 403 200 200"
EXPECTED = {
    "GET /": "           in 303 303 303 303 303 303 303",
    "GET /login": "     200 303 303 303 303 303 303 303",
    "POST /login": "    401 401 401 401 401 401 401 401",
    "GET /login/code": "  in in in in in in in in",
    "POST /login/code": " in in in in in in in in",
    "GET /login/sso": "       404 404 404 404 404 404 404 404",
    "GET /login/sso/return": "404 404 404 404 404 404 404 404",
    "POST /logout": "     in in in in in in in in",
    "POST /language": "   303 303 303 303 303 303 303 303",
    "GET /console": READS,
    "GET /console/search": READS,
    "GET /console/reports": READS,
    "GET /console/reports/cases": READS,
    "GET /console/reports/timeliness.csv": READS,
    "GET /console/reports/legal.csv": READS,
    "GET /console/queue/rows": READS,
    "GET /console/saved": READS,
    "GET /console/saved/counts": READS,
    "POST /console/saved": OWN,
    # Somebody else's, as it were.
    "POST /console/saved/{id}": "in 404 404 404 404 404 404 404",
    "POST /console/bulk": "   in 200 200 200 200 403 403 200",
    "POST /console/bulk/do": "in 303 303 303 303 403 403 303",
    "GET /console/bulk/{id}": "      in 404 404 404 404 403 403 404",
    "POST /console/bulk/{id}/undo": "in 404 404 404 404 403 403 404",
    "POST /console/bulk/{id}/go": "  in 404 404 404 404 403 403 404",
    "GET /console/stream": "401 200 200 200 200 200 200 200",
    "POST /console/next": "in 303 303 303 303 403 403 303",
    f"GET {CASE}": "       in 200 404 200 200 200 200 200",
    f"GET {CASE}/story": " in 200 404 200 200 200 200 200",
    f"GET {CASE}/answers": "   in 200 404 200 200 403 403 200",
    f"GET {CASE}/colleagues": "in 200 404 200 200 403 403 200",
    f"GET {CASE}/document": "in 200 404 200 200 200 200 200",
    f"GET {CASE}/merge": "   in 200 404 200 200 403 403 200",
    f"POST {CASE}/merge": WORKS,
    f"POST {CASE}/separate": WORKS,
    "GET /console/new": "  in 200 200 200 200 200 403 200",
    "POST /console/new": " in 303 303 303 303 303 403 303",
    "GET /console/new/{number}": "in 200 404 200 200 200 403 200",
    f"POST {CASE}/draft": WORKS,
    # No answer of theirs waits to leave.
    f"POST {CASE}/undo": " in 409 404 409 409 403 403 409",
    f"POST {CASE}/presence": "in 204 404 204 204 403 403 204",
    f"POST {CASE}/reveal": "in 200 404 200 200 200 200 200",
    f"POST {CASE}/transfer": WORKS,
    f"POST {CASE}/reply": WORKS,
    f"POST {CASE}/note": WORKS,
    f"POST {CASE}/take": WORKS,
    f"POST {CASE}/release": WORKS,
    f"POST {CASE}/close": WORKS,
    f"POST {CASE}/reopen": WORKS,
    f"POST {CASE}/split": WORKS,
    f"POST {CASE}/classify": WORKS,
    f"POST {CASE}/completion": WORKS,
    # Nothing was asked of the citizen of a fresh case, so there is nothing to go on with.
    f"POST {CASE}/incomplete": "in 409 404 409 409 403 403 409",
    f"POST {CASE}/prolong": "   in 409 404 409 409 403 403 409",
    f"POST {CASE}/resume": "    in 409 404 409 409 403 403 409",
    # The form names no day.
    f"POST {CASE}/extend": "    in 422 404 422 422 403 403 422",
    # What the form names does not exist, or did not fail; whoever may not work the case is told so first.
    f"POST {CASE}/move": " in 404 404 404 404 403 403 404",
    f"POST {CASE}/again": "in 409 404 409 409 403 403 409",
    "GET /console/notices": READS,
    "POST /console/notices": OWN,
    "GET /console/attachments/{id}": "in 200 404 200 200 200 200 200",
    "GET /console/team": TEAM,
    "GET /console/team.csv": TEAM,
    "POST /console/team/assign": SUPERVISES,
    "POST /console/team/{id}/duty": SUPERVISES,
    "POST /console/team/{id}/capacity": SUPERVISES,
    "POST /console/team/{id}/absence": SUPERVISES,
    "POST /console/team/{id}/back": SUPERVISES,
    "GET /console/canned": READS,
    "POST /console/canned": KEEPS,
    "POST /console/canned/{id}": KEEPS,
    "POST /console/canned/{id}/use": KEEPS,
    "GET /console/texts": "   in 403 403 200 403 403 403 200",
    "POST /console/texts": KEEPS,
    "GET /operations": CHANNELS,
    "GET /operations/exchanges/{id}": CHANNELS,
    "POST /operations/exchanges/{id}/replay": REPLAYS,
    "POST /operations/exchanges/{id}/dismiss": REPLAYS,
    "GET /account": READS,
    "POST /account/password": "in 422 422 422 422 422 422 422",
    "POST /account/notices": OWN,
    "POST /account/shortcuts": OWN,
    "POST /account/sessions/end-others": OWN,
    "POST /account/sessions/{id}/end": "in 404 404 404 404 404 404 404",
    "GET /account/second-factor": READS,
    "POST /account/second-factor/begin": READS,
    # The row above has begun one; the form carries no code.
    "POST /account/second-factor/confirm": "in 422 422 422 422 422 422 422",
    "POST /account/second-factor/codes": "in 422 422 422 422 422 422 422",
    "POST /account/second-factor/remove": "in 422 422 422 422 422 422 422",
    "GET /staff": "       in 403 403 200 403 403 403 200",
    "POST /staff/invite": "in 403 403 200 403 403 403 200",
    "GET /staff/{id}": "  in 403 403 200 403 403 403 200",
    "POST /staff/{id}/invite": "in 403 403 200 403 403 403 200",
    "POST /staff/{id}/disable": KEEPS,
    "POST /staff/{id}/enable": KEEPS,
    "POST /staff/{id}/role": KEEPS,
    "POST /staff/{id}/email": KEEPS,
    "POST /staff/{id}/second-factor": KEEPS,
    "GET /invitation/{token}": " 200 200 200 200 200 200 200 200",
    "POST /invitation/{token}": "422 422 422 422 422 422 422 422",
    "GET /audit": "    in 403 403 403 403 403 200 200",
    "GET /audit.csv": "in 403 403 403 403 403 200 200",
}
FORMS: dict[str, dict[str, str]] = {
    "/login": {"password": "no es esta frase"},
    "/console/next": {"agency": "sena"},
    "/console/saved": {"name": "Una vista", "query": "view=filter&state=open"},
    "/console/bulk": {"act": "close", "case": "20990000011"},
    "/console/bulk/do": {
        "act": "close",
        "numbers": "20990000011",
        "outcome": "spam",
        "reason": "una prueba",
        "key": "a-key-of-tests",
    },
    "/console/bulk/{id}/undo": {"key": "a-key-of-tests-too"},
    f"{CASE}/presence": {"doing": "writing"},
    f"{CASE}/draft": {"kind": "answer", "text": "Abren el"},
    f"{CASE}/merge": {"which": "into"},
    "/console/new": {"way": "visit", "text": "¿Cuándo abre el SENA?"},
    f"{CASE}/classify": {"class": "complaint", "reason": "una prueba"},
    f"{CASE}/completion": {"text": "¿De qué centro?"},
    f"{CASE}/incomplete": {"text": "Falta la cédula"},
    f"{CASE}/prolong": {"reason": "lo pidió"},
    f"{CASE}/resume": {"reason": "una prueba"},
    f"{CASE}/extend": {"reason": "una prueba"},
    f"{CASE}/move": {"to": "20990000011"},
    f"{CASE}/again": {"message": "1"},
    "/console/team/assign": {"agency": "sena", "reason": "una prueba"},
    "/console/team/{id}/absence": {"reason": "vacaciones"},
    "/console/canned": {"agency": "sena", "language": "es", "title": "Una prueba", "text": "Hola {name}."},
    "/console/canned/{id}": {"title": "Otra prueba", "text": "Hola {name}."},
    "/console/texts": {"agency": "sena", "language": "es", "name": "closed", "text": "Cerramos su caso {number}."},
    "/staff/{id}/role": {"role": "manager", "agency": "sena"},
}


@dataclass
class Scene:
    """Whatever a call needs: somebody logged in anew, a fresh case, a file, an account."""

    running: Running
    members: dict[str, int] = field(default_factory=dict)
    phones: Any = field(default_factory=lambda: iter(range(3005561000, 3005569999)))

    async def call(self, route: str, caller: str) -> str:
        """What the caller gets: a status, or `in` for a redirect to the login page."""
        method, pattern = route.split()
        path, form = await self.prepared(pattern)
        headers = {}
        if caller != "anonymous":
            token, csrf = await self.session(caller)
            headers["Cookie"] = f"{SESSION_COOKIE}={token}"
            form = {"csrf": csrf, **form}
        async with self.running.http.request(
            method,
            self.running.internal + path,
            data=form if method == "POST" else None,
            headers=headers,
            allow_redirects=False,
        ) as answer:
            if answer.content_type != "text/event-stream":
                await answer.read()
            to = answer.headers.get("Location", "")
        return "in" if answer.status == 303 and re.match(r"/login(\?|$)", to) else str(answer.status)

    async def session(self, caller: str) -> tuple[str, str]:
        """A new session of the caller's, and its form token, without the time a password takes."""
        token, csrf = f"token-{new_id()}", f"csrf-{new_id()}"
        opening = Opening(
            token_hash=hashed(token), staff_id=self.members[caller], csrf=csrf, stage="open", method="password",
            remote="127.0.0.1", agent="test",
        )  # fmt: skip
        at = now()
        await self.running.gateway.store.transact(
            lambda conn: logins.open_session(conn, opening, now=at, expires_at=at + LIFETIME)
        )
        return token, csrf

    async def prepared(self, pattern: str) -> tuple[str, dict[str, str]]:
        """The path to call, and the form that goes with it."""
        form = dict(FORMS.get(pattern, {}))
        path = pattern
        if "{number}" in pattern:
            number = await asked(self.running, f"+57{next(self.phones)}", "¿Y en Puerto Nariño también?")
            form |= await self.of_case(pattern.rpartition("/")[2], number)
            path = path.replace("{number}", number)
        if pattern == "/console/next":
            await asked(self.running, f"+57{next(self.phones)}")
        if pattern == "/login":
            form["login"] = f"nadie{new_id()}"
        if pattern == "/staff/invite":
            form |= {"login": f"n{new_id()}", "role": "manager", "agency": "sena"}
        if pattern.startswith(("/console/team", "/console/canned")):
            path, added = await self.of_team(pattern)
            return path, form | added
        if "{id}" in pattern:
            path = path.replace("{id}", await self.an_id(pattern))
        if "{token}" in pattern:
            path = path.replace("{token}", await self.invitation())
        return path, form

    async def of_case(self, act: str, number: str) -> dict[str, str]:
        first = (await inbound_ids(self.running, number))[0]
        form = {name: str(value) for name, value in BODIES.get(act, {}).items()}
        if act in ("merge", "separate"):
            leader = await asked(self.running, f"+57{next(self.phones)}")
            form["case"] = leader
            if act == "separate":
                await self.running.gateway.desk.merge(ADMINISTRATOR, number, into=leader, reason="una prueba")
        if act == "reopen":
            await self.running.gateway.desk.close(ADMINISTRATOR, number, outcome="spam", reason="una prueba")
        return {"message": first, **form}

    async def of_team(self, pattern: str) -> tuple[str, dict[str, str]]:
        """The path of a page of the team's or of canned answers, and what its form names."""
        if pattern == "/console/team.csv":
            return f"{pattern}?agency=sena", {}
        form = {"shortcut": f"a{new_id()}"} if "canned" in pattern else {}
        if "{id}" not in pattern and "assign" not in pattern:
            return pattern, form
        if "canned" in pattern:
            wording = Wording(agency="sena", language="es", title="Una", text="Hola.", **form)
            added = await self.running.gateway.store.transact(lambda conn: canned.add(conn, wording, by=1, now=now()))
            return pattern.replace("{id}", str(added)), form
        member = await self.member("sena")
        if pattern.endswith("/assign"):
            return pattern, {"to": str(member.id), "case": await asked(self.running, f"+57{next(self.phones)}")}
        if pattern.endswith("/back"):
            noted = await self.running.gateway.store.transact(
                lambda conn: absences.add(conn, member.id, from_at=now(), until_at=None, reason="una prueba")
            )
            form["absence"] = str(noted.id)
        return pattern.replace("{id}", str(member.id)), form

    async def an_id(self, pattern: str) -> str:
        if pattern.startswith("/console/attachments"):
            return await a_file(self.running, await asked(self.running, f"+57{next(self.phones)}"))
        if pattern.startswith("/operations"):
            return await an_exchange(self.running, f"Otra vez, por favor: {new_id()}.")
        return str((await self.member("sena")).id) if pattern.startswith("/staff") else "17"

    async def member(self, agency: str | None, role: Role = Role.MANAGER) -> staff.Member:
        """A new member of staff without a password."""
        login = f"p{new_id()}"
        return await self.running.gateway.store.transact(
            lambda conn: staff.add(
                conn, login=login, name=login, role=role, agency=agency, password_hash=None, now=now()
            )
        )

    async def invitation(self) -> str:
        invited, token, at = await self.member("sena"), f"an-invitation-{new_id()}", now()
        await self.running.gateway.store.transact(
            lambda conn: accounts.invite(
                conn, invited.id, token_hash=hashed(token), by=1, now=at, expires_at=at + LIFETIME
            )
        )
        return token


def routes(running: Running) -> set[str]:
    """Every page and form of the internal listener; the API has its own table, the rest needs nobody's name."""
    others = re.compile(r"/(api/|static/|simulator|health|metrics)")
    found = set()
    for route in app.internal_app(running.gateway).router.routes():
        resource = route.resource
        assert isinstance(resource, web.Resource)
        if route.method != "HEAD" and not others.match(resource.canonical):
            found.add(f"{route.method} {resource.canonical}")
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_each_page_answers_everybody_as_expected(ventanilla: Running) -> None:
    """Who may do what is decided before any statement that differs between the engines."""
    scene = Scene(ventanilla)
    await hire(ventanilla, "dian")
    await hire(ventanilla, "sena")
    for caller, (role, agency) in CALLERS.items():
        scene.members[caller] = (await scene.member(agency, role)).id
    found = {
        route: " ".join([await scene.call(route, caller) for caller in ("anonymous", *CALLERS)]) for route in EXPECTED
    }
    assert found == {route: " ".join(statuses.split()) for route, statuses in EXPECTED.items()}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_auditor_of_one_agency_reads_that_agency_and_no_channel(ventanilla: Running) -> None:
    scene = Scene(ventanilla)
    scene.members["auditor"] = (await scene.member("sena", Role.AUDITOR)).id
    scene.members["elsewhere"] = (await scene.member("dian", Role.AUDITOR)).id
    assert await scene.call(f"GET {CASE}", "auditor") == "200"
    assert await scene.call(f"GET {CASE}", "elsewhere") == "404"
    for route in ("GET /operations", "GET /operations/exchanges/{id}"):
        assert await scene.call(route, "auditor") == "403"
    for route in EXPECTED:
        if route.startswith(f"POST {CASE}/") and not route.endswith("/reveal"):
            assert await scene.call(route, "auditor") == "403", route


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_every_page_and_form_has_its_row(ventanilla: Running) -> None:
    found = routes(ventanilla)
    assert {"GET /console", "GET /staff", f"GET {CASE}"} <= found
    assert sorted(found ^ set(EXPECTED)) == []
