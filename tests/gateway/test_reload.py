"""A new configuration is applied whole, or refused whole with every fault."""

import shutil
import signal
from pathlib import Path

import aiohttp
import pytest

from gateway.deployment import Deployment
from tests.support import twilio
from tests.support.running import CONFIG, PHONE, Running, eventually, running
from tests.support.served import environment, serve


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the sample configuration, to be changed."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def change(path: Path, before: str, after: str) -> None:
    content = path.read_text("utf-8")
    assert before in content
    path.write_text(content.replace(before, after, 1), "utf-8")


async def help_text(started: Running) -> str:
    said = len(started.twilio.heard)
    await started.text("AYUDA")
    return (await started.texts_to(at_least=said + 1))[-1]


async def test_a_good_change_is_applied_and_a_bad_one_changes_nothing(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    stood = Deployment.load(config)
    async with running(database, tmp_path, deployment=stood, VENTANILLA_CONFIG_DIR=str(config)) as started:
        change(config / "texts" / "es.yaml", "Escriba su pregunta con sus palabras", "Diga su pregunta")
        assert await started.gateway.reload() is True
        assert (await help_text(started)).startswith("Diga su pregunta")
        applied = started.gateway.current()
        change(config / "texts" / "es.yaml", "Diga su pregunta", "Otra vez otra")
        change(config / "agencies" / "sena.yaml", "sector: trabajo", "sektor: trabajo")
        change(config / "agencies" / "dian.yaml", "calendar: national", "calendar: lunar")
        assert await started.gateway.reload() is False
        assert started.gateway.current() is applied
        assert (await help_text(started)).startswith("Diga su pregunta")


async def test_a_change_of_the_channels_is_left_to_a_restart(tmp_path: Path, config: Path) -> None:
    database = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    stood = Deployment.load(config)
    async with running(database, tmp_path, deployment=stood, VENTANILLA_CONFIG_DIR=str(config)) as started:
        change(config / "gateway.yaml", "  web:\n    provider: web", "  portal:\n    provider: web")
        assert await started.gateway.reload() is False
        assert (await started.text("¿El SENA?")).status == 200


async def test_a_configuration_that_is_gone_changes_nothing(tmp_path: Path, config: Path) -> None:
    database = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    stood = Deployment.load(config)
    async with running(database, tmp_path, deployment=stood, VENTANILLA_CONFIG_DIR=str(config)) as started:
        shutil.rmtree(config)
        assert await started.gateway.reload() is False
        assert (await started.text("¿El SENA?")).status == 200


async def test_a_hangup_reloads_and_every_fault_is_in_the_log(tmp_path: Path, config: Path) -> None:
    database = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    async with twilio.twilio_server() as stand_in:
        given = environment(database, tmp_path, twilio_url=stand_in.url) | {"VENTANILLA_CONFIG_DIR": str(config)}
        async with serve(given, tmp_path) as served, aiohttp.ClientSession() as http:
            change(config / "texts" / "es.yaml", "Escriba su pregunta con sus palabras", "Diga su pregunta")
            served.signal(signal.SIGHUP)

            async def applied() -> bool:
                return "configuration applied" in served.said.read_text("utf-8")

            await eventually(applied)
            change(config / "agencies" / "sena.yaml", "sector: trabajo", "sektor: trabajo")
            change(config / "agencies" / "dian.yaml", "calendar: national", "calendar: lunar")
            served.signal(signal.SIGHUP)

            async def refused() -> bool:
                return "configuration refused" in served.said.read_text("utf-8")

            await eventually(refused)
            form = {"MessageSid": "SM1", "From": PHONE, "To": "87654", "Body": "AYUDA"}
            post = twilio.post(form)
            async with http.post(f"{served.public}/webhooks/sms", data=post.body, headers=post.headers) as answer:
                assert answer.status == 200

            async def helped() -> list[str]:
                return [heard.form["Body"] for heard in stand_in.heard]

            [said] = await eventually(helped)
    assert said.startswith("Diga su pregunta")
    logged = served.said.read_text("utf-8")
    assert "sena.yaml" in logged
    assert "dian.yaml" in logged
