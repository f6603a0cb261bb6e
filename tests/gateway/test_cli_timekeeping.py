"""`ventanilla clocks recompute`, `staff absent` and `staff back`, beside a running gateway."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import now
from gateway.store import schema as t
from tests.gateway.test_cli import CREDENTIALS, beside, environment_of
from tests.support.running import CONFIG, Running


@pytest.fixture
def struck(tmp_path: Path) -> Path:
    """The sample configuration with a strike next week."""
    config = Path(shutil.copytree(CONFIG, tmp_path / "struck"))
    path = config / "calendars" / "national.yaml"
    text = path.read_text("utf-8")
    first = now().date() + timedelta(days=7)
    row = f"{{first: {first}, last: {first + timedelta(days=3)}, reason: {{es: Paro, en: Strike}}}}"
    path.write_text(text[: text.index("suspensions:")] + f"suspensions: [{row}]\n", "utf-8")
    return config


async def recompute(ventanilla: Running, config: Path, *options: str) -> Any:
    environment = environment_of(ventanilla, CREDENTIALS) | {"VENTANILLA_CONFIG_DIR": str(config)}
    return await beside(environment, "clocks", "recompute", *options)


async def test_a_dry_run_prints_the_moves_and_the_real_one_makes_them(ventanilla: Running, struck: Path) -> None:
    await ventanilla.text("SENA: buenas tardes, necesito ayuda")
    [case] = await ventanilla.cases()

    dry = await recompute(ventanilla, struck, "--dry-run", "--json")
    kept = [each.due_at for each in await ventanilla.cases()]
    done = await recompute(ventanilla, struck)

    told = json.loads(dry.stdout)
    [move] = told["moved"]
    assert (dry.exit_code, told["written"], move["number"], move["agency"]) == (0, False, case.number, "sena")
    assert move["due_from"] == case.due_at.isoformat().replace("+00:00", "Z")
    assert kept == [case.due_at]
    [moved] = await ventanilla.cases()
    assert move["due_to"] == moved.due_at.isoformat().replace("+00:00", "Z")
    assert moved.due_at > case.due_at
    assert case.number in done.stdout
    assert "1 case(s) moved" in done.stdout
    _, events = await ventanilla.story(case.number)
    assert [event.kind for event in events].count("recomputed") == 1


async def test_somebody_is_absent_and_back(ventanilla: Running) -> None:
    environment = environment_of(ventanilla, CREDENTIALS)

    gone = await beside(environment, "staff", "absent", "sena", "--reason", "vacaciones")
    planned = await beside(
        environment,
        "staff",
        "absent",
        "dian",
        "--from",
        "2099-12-21",
        "--until",
        "2100-01-12T08:00",
        "--reason",
        "viaje",
    )
    before = await kept(ventanilla)
    back = await beside(environment, "staff", "back", "sena")
    again = await beside(environment, "staff", "back", "sena")

    assert (gone.stdout, gone.exit_code) == ("sena is noted as absent\n", 0)
    assert planned.exit_code == 0
    # Midnight in Bogotá, and eight in the morning there.
    assert before["viaje"] == ("2099-12-21T05:00:00+00:00", "2100-01-12T13:00:00+00:00")
    assert before["vacaciones"][1] is None
    assert (back.stdout, back.exit_code) == ("sena is back\n", 0)
    assert (again.exit_code, again.stderr) == (1, "ventanilla: sena is not absent\n")
    assert (await kept(ventanilla))["vacaciones"][1] is not None


async def test_nobody_and_no_time_are_refused_in_a_sentence(ventanilla: Running) -> None:
    environment = environment_of(ventanilla, CREDENTIALS)

    nobody = await beside(environment, "staff", "absent", "nadie", "--reason", "vacaciones")
    no_time = await beside(environment, "staff", "absent", "sena", "--from", "mañana", "--reason", "vacaciones")
    over = await beside(environment, "staff", "absent", "sena", "--until", "2020-01-01", "--reason", "vacaciones")

    assert (nobody.exit_code, nobody.stderr) == (
        1, "ventanilla: there is no such member of staff that you may see\n",
    )  # fmt: skip
    assert no_time.exit_code == 2
    assert "2026-12-21T08:00" in no_time.stderr
    assert (over.exit_code, over.stderr) == (1, "ventanilla: an absence ends after it begins, and not in the past\n")


async def kept(ventanilla: Running) -> dict[str, tuple[str, str | None]]:
    """The absences by their reasons."""
    async with ventanilla.gateway.store.read() as conn:
        rows = list(await conn.execute(t.absence.select()))
    return {row.reason: (row.from_at.isoformat(), row.until_at and row.until_at.isoformat()) for row in rows}
