"""The `ventanilla` command: what it prints, where, and with which exit code."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.citizens import Crowd
from gateway.clock import now
from gateway.simulator import secrets as simulator_secrets
from gateway.store.engine import open_store
from tests.support import telegram_api, twilio
from tests.support.running import CONFIG, USSD_SECRET, Running, running, sample_deployment

PAYLOADS = CONFIG.parent / "tests" / "payloads"
# No credentials at all: every provider is simulated.
TRIAL = dict.fromkeys(
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TELEGRAM_BOT_TOKEN", "TELEGRAM_SECRET_TOKEN", "USSD_PATH_SECRET",
     "VENTANILLA_PUBLIC_URL"), "",
)  # fmt: skip
CREDENTIALS = {
    "TWILIO_ACCOUNT_SID": twilio.ACCOUNT,
    "TWILIO_AUTH_TOKEN": twilio.TOKEN,
    "TELEGRAM_BOT_TOKEN": telegram_api.BOT_TOKEN,
    "TELEGRAM_SECRET_TOKEN": telegram_api.SECRET,
    "USSD_PATH_SECRET": USSD_SECRET,
    "VENTANILLA_PUBLIC_URL": twilio.PUBLIC,
}


def run(environment: dict[str, str], *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment, input=given)


@dataclass(frozen=True)
class Done:
    """How a command in a process of its own ended."""

    exit_code: int
    stdout: str
    stderr: str


async def beside(environment: dict[str, str], *arguments: str) -> Done:
    """A command in a process of its own, while this one serves."""
    command = (sys.executable, "-c", "from gateway.cli import main; main()", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        said, complained = await process.communicate()
    return Done(process.returncode or 0, said.decode(), complained.decode())


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment with a database that does not exist yet."""
    return {
        **TRIAL,
        "VENTANILLA_DATABASE_URL": f"sqlite:///{tmp_path}/new/ventanilla.db",
        "VENTANILLA_CONFIG_DIR": str(CONFIG),
        "VENTANILLA_FILES_DIR": str(tmp_path / "files"),
    }


def environment_of(served: Running, credentials: dict[str, str]) -> dict[str, str]:
    """What somebody types a command with, next to the server."""
    settings = served.gateway.settings
    return {
        **credentials,
        "VENTANILLA_DATABASE_URL": settings.database_url,
        "VENTANILLA_CONFIG_DIR": str(settings.config_dir),
        "VENTANILLA_FILES_DIR": str(settings.files_dir),
        "VENTANILLA_PUBLIC_LISTEN": f"{settings.public_listen.host}:{settings.public_listen.port}",
        "VENTANILLA_INTERNAL_LISTEN": f"{settings.internal_listen.host}:{settings.internal_listen.port}",
    }


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Running]:
    """A gateway with credentials."""
    async with running(f"sqlite:///{tmp_path}/ventanilla.db", tmp_path) as started:
        yield started


@pytest.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Running]:
    """A gateway whose providers are all simulated; what it prints for the simulator is written as `serve` does it."""
    async with running(f"sqlite:///{tmp_path}/ventanilla.db", tmp_path, now=now, deployment=None, **TRIAL) as started:
        simulator_secrets.write(started.gateway.settings)
        yield started


# The whole command, as a person starts it


def test_help_needs_nothing_of_what_makes_the_gateway_slow_to_load() -> None:
    heavy = "aiohttp sqlalchemy pydantic structlog alembic twilio telegram rich ruamel"
    code = (
        "import sys; from click.testing import CliRunner; from gateway.cli import main;"
        " assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        f" print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 — our own words
    assert done.stdout.strip() == "[]"


def test_a_wrong_environment_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    environment = {**os.environ, "VENTANILLA_CONFIG_DIR": str(tmp_path / "nowhere")}
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "token", "list"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)  # noqa: S603 — the same
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("ventanilla: VENTANILLA_CONFIG_DIR: there is no folder")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VENTANILLA_DATABASE_URL", "mysql://localhost/x"),
        ("VENTANILLA_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/x"),
        ("VENTANILLA_DATABASE_URL", "sqlite:////proc/nowhere/x.db"),
        ("VENTANILLA_PUBLIC_LISTEN", "8080"),
        ("TWILIO_ACCOUNT_SID", "AC1"),
    ],
)
def test_whatever_is_wrong_in_the_environment_no_traceback_is_shown(
    alone: dict[str, str], name: str, value: str
) -> None:
    done = run(alone | {name: value}, "token", "list")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "secret" not in done.stderr


def test_a_file_that_is_no_database_is_one_sentence(alone: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database, only notes " * 100)
    done = run(alone | {"VENTANILLA_DATABASE_URL": f"sqlite:///{tmp_path}/notes.db"}, "staff", "list")
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


# Configuration


def test_a_good_configuration_is_counted(alone: dict[str, str]) -> None:
    done = run(alone, "check-config")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"config is good: {len(sample_deployment().catalog.agencies)} agencies, ")
    assert json.loads(run(alone, "check-config", "--json").stdout)["ok"] is True


def test_every_fault_of_a_configuration_is_told_with_its_place(alone: dict[str, str], tmp_path: Path) -> None:
    copytree(CONFIG, tmp_path / "config")
    agency = tmp_path / "config" / "agencies" / "sena.yaml"
    agency.write_text(agency.read_text("utf-8").replace("sector:", "sectr:"), "utf-8")
    environment = alone | {"VENTANILLA_CONFIG_DIR": str(tmp_path / "config")}
    line = 1 + [text.startswith("sectr:") for text in agency.read_text("utf-8").splitlines()].index(True)

    plain, as_json = run(environment, "check-config"), run(environment, "check-config", "--json")

    assert (plain.exit_code, as_json.exit_code) == (1, 1)
    assert f"sena.yaml:{line}:1: " in plain.stdout
    told = json.loads(as_json.stdout)
    assert told["ok"] is False
    assert line in {fault["line"] for fault in told["faults"]}


def test_a_route_is_explained(alone: dict[str, str]) -> None:
    text = "¿Cuándo abren las inscripciones del SENA?"
    found = json.loads(run(alone, "route", text, "--channel", "sms", "--json").stdout)
    assert (found["agency"], found["topic"], found["rule"]) == ("sena", "inscripciones", "phrase")
    assert found["due"].endswith("Z")
    assert all(reason["sentence"] for reason in found["reasons"])
    plain = run(alone, "route", text, "--channel", "sms").stdout
    assert "The text contains a phrase of sena.inscripciones" in plain
    assert "It goes to sena, topic inscripciones" in plain


def test_a_command_opens_no_case(alone: dict[str, str]) -> None:
    found = json.loads(run(alone, "route", "MIS CASOS", "--channel", "telegram", "--json").stdout)
    assert (found["action"], found["command"], found["agency"], found["due"]) == ("command", "status", None, None)


def test_a_channel_that_is_not_configured_is_answered_with_those_that_are(alone: dict[str, str]) -> None:
    done = run(alone, "route", "hola", "--channel", "fax")
    assert done.exit_code == 2
    assert "sms, ussd, telegram, web" in done.stderr


# Staff and tokens


def test_a_database_is_made_by_the_first_command_that_needs_it(alone: dict[str, str]) -> None:
    done = run(alone, "token", "create", "--name", "tablero", "--role", "operator", "--json")
    assert done.exit_code == 0
    assert set(json.loads(done.stdout)) == {"token"}
    assert run(alone, "migrate").stdout.startswith("the database is at revision ")
    assert "tablero" in run(alone, "token", "list").stdout


def test_staff_are_added_listed_disabled_and_enabled(alone: dict[str, str]) -> None:
    added = run(alone, "staff", "add", "luz", "--name", "Luz", "--role", "manager", "--agency", "sena", "--json")
    word = json.loads(added.stdout)["password"]
    assert len(word) >= 12
    assert run(alone, "staff", "disable", "luz").exit_code == 0
    assert "disabled" in run(alone, "staff", "list").stdout
    assert run(alone, "staff", "enable", "luz").exit_code == 0
    [member] = json.loads(run(alone, "staff", "list", "--agency", "sena", "--json").stdout)
    assert (member["login"], member["role"], member["agency"], member["active"]) == ("luz", "manager", "sena", True)
    assert word not in run(alone, "staff", "list", "--json").stdout


def test_a_password_that_is_given_is_not_printed(alone: dict[str, str]) -> None:
    done = run(
        alone, "staff", "add", "ana", "--name", "Ana", "--role", "operator", "--password-stdin", given="a long word 1\n"
    )
    assert (done.exit_code, "a long word 1" in done.stdout) == (0, False)
    changed = run(alone, "staff", "password", "ana")
    assert "shown this once" in changed.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("staff", "add", "x9", "--name", "X", "--role", "manager"), "name it"),
        (("staff", "add", "x9", "--name", "X", "--role", "operator", "--agency", "sena"), "whole network"),
        (("staff", "add", "x9", "--name", "X", "--role", "manager", "--agency", "nadie"), "no agency nadie"),
        (("staff", "disable", "nadie"), "nobody has the login"),
        (("staff", "password", "nadie"), "nobody has the login"),
        (("token", "create", "--name", "x", "--role", "manager"), "name it"),
        (("token", "revoke", "nada"), "no token named"),
    ],
)
def test_what_may_not_be_is_refused_in_a_sentence(alone: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    done = run(alone, *arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert said in done.stderr


def test_a_short_password_and_a_taken_login_are_refused(alone: dict[str, str]) -> None:
    add = ("staff", "add", "ana", "--name", "Ana", "--role", "operator", "--password-stdin")
    assert run(alone, *add, given="short\n").exit_code == 1
    assert run(alone, *add, given="long enough 1\n").exit_code == 0
    assert "is taken" in run(alone, *add, given="long enough 1\n").stderr


def test_a_database_of_another_version_is_not_touched(alone: dict[str, str]) -> None:
    run(alone, "token", "list")

    async def age() -> None:
        store = await open_store(alone["VENTANILLA_DATABASE_URL"], serving=False)
        await store.transact(lambda conn: conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'"))
        await store.close()

    asyncio.run(age())
    done = run(alone, "token", "list")
    assert (done.exit_code, "ventanilla migrate" in done.stderr) == (2, True)


async def test_a_token_works_while_the_gateway_serves_and_until_it_is_revoked(ventanilla: Running) -> None:
    environment = environment_of(ventanilla, CREDENTIALS)
    made = await beside(
        environment, "token", "create", "--name", "asistente", "--role", "manager", "--agency", "sena", "--json"
    )
    headers = {"Authorization": f"Bearer {json.loads(made.stdout)['token']}"}

    async def status() -> int:
        async with ventanilla.http.get(ventanilla.internal + "/api/v1/cases", headers=headers) as answer:
            return answer.status

    assert await status() == 200
    assert (await beside(environment, "token", "revoke", "asistente")).exit_code == 0
    assert await status() == 401


# A running server


async def test_captured_requests_are_taken_in_and_not_doubled(served: Running) -> None:
    environment = environment_of(served, CREDENTIALS)
    for payload in ("twilio/mms.json", "telegram/text.json", "africastalking/first_screen.json"):
        first = await beside(environment, "replay", str(PAYLOADS / payload))
        again = await beside(environment, "replay", str(PAYLOADS / payload))
        assert (first.exit_code, first.stdout.partition("\n")[0]) == (0, "200"), first.stderr
        assert again.stdout == first.stdout
    assert sorted(case.channel for case in await served.cases()) == ["sms", "telegram"]


async def test_a_receipt_is_replayed_with_its_query(served: Running) -> None:
    done = await beside(environment_of(served, CREDENTIALS), "replay", str(PAYLOADS / "twilio/status_delivered.json"))
    assert (done.exit_code, done.stdout.partition("\n")[0]) == (0, "200"), done.stderr


async def test_a_replay_with_other_credentials_is_refused(served: Running) -> None:
    environment = environment_of(served, CREDENTIALS | {"TWILIO_AUTH_TOKEN": "another"})
    done = await beside(environment, "replay", str(PAYLOADS / "twilio/text.json"))
    assert (done.exit_code, done.stdout.partition("\n")[0]) == (1, "403")


def test_a_replay_where_nothing_listens_says_so(alone: dict[str, str], tmp_path: Path) -> None:
    done = run(alone | CREDENTIALS, "replay", str(PAYLOADS / "twilio/text.json"), "--url", "http://127.0.0.1:9")
    assert (done.exit_code, "is `ventanilla serve` running there?" in done.stderr) == (2, True)
    (tmp_path / "no.json").write_text("[]")
    assert run(alone | CREDENTIALS, "replay", str(tmp_path / "no.json")).exit_code == 2


async def test_citizens_write_to_a_gateway_on_trial(trial: Running) -> None:
    environment = environment_of(trial, TRIAL)
    done = await beside(environment, "simulate", "--rate", "40", "--for", "1.2", "--seed", "7")
    assert done.exit_code == 0, (done.stdout, done.stderr)
    last = done.stdout.strip().splitlines()[-1]
    assert "48 asked  0 failed" in last
    for provider in ("twilio", "africastalking", "telegram", "web"):
        assert provider in last
    found = await trial.cases()
    assert {"sms", "telegram", "web"} <= {case.channel for case in found}


async def test_the_secrets_of_what_is_simulated_are_read_by_their_owner_alone(trial: Running) -> None:
    settings = trial.gateway.settings
    path = settings.files_dir.parent / "simulator.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held = simulator_secrets.read(settings)
    assert {provider: dict(found) for provider, found in held.items()} == {
        provider: dict(settings.secrets[provider]) for provider in settings.simulated
    }


def test_secrets_that_no_server_left_are_asked_for(alone: dict[str, str]) -> None:
    done = run(alone, "simulate", "--for", "0.2")
    assert (done.exit_code, "ventanilla serve" in done.stderr) == (2, True)


async def test_nobodys_real_phone_is_answered(served: Running) -> None:
    done = await beside(environment_of(served, CREDENTIALS), "simulate", "--for", "1")
    assert (done.exit_code, "real phones" in done.stderr) == (2, True)
    assert await served.cases() == []


async def test_a_crowd_that_meets_nobody_says_so(tmp_path: Path) -> None:
    async with running(f"sqlite:///{tmp_path}/ventanilla.db", tmp_path, now=now, deployment=None, **TRIAL) as gone:
        simulator_secrets.write(gone.gateway.settings)
        environment = environment_of(gone, TRIAL)
    done = await beside(environment, "simulate", "--for", "0.3")
    assert (done.exit_code, "nothing answers" in done.stderr) == (2, True)


def test_the_same_seed_makes_the_same_crowd_however_quickly_each_is_answered() -> None:
    catalog = sample_deployment().catalog
    crowds = [Crowd(catalog, ("twilio", "web"), seed=seed) for seed in (3, 3, 4)]
    came = [[crowd.next() for _ in range(20)] for crowd in crowds]
    # The second crowd is asked in the order of its going, not of its coming.
    said = [
        {place: (who.provider, who.phone(), who.question()) for place, who in order}
        for order in (enumerate(came[0]), reversed(list(enumerate(came[1]))), enumerate(came[2]))
    ]
    assert said[0] == said[1]
    assert said[0] != said[2]
