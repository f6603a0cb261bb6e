"""Commands are whole messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.commands import Command, CommandKind, read
from tests.support.catalogs import small_catalog

CATALOG = small_catalog()


@pytest.mark.parametrize("text", ["STOP", " stop ", "¡Stop!", "stop.", "«STOP»", "Salir 🙏", "/stop", "STOP\x00"])
def test_an_opt_out_word_is_the_whole_message(text: str) -> None:
    # inbound case 40
    assert read(text, CATALOG) == Command(CommandKind.OPT_OUT)


@pytest.mark.parametrize(
    "text", ["stop it", "quiero parar la obra", "s t o p", "", " ", "🙏", "stop 5", "/", "/obra", "1 stop", "a/stop"]
)
def test_anything_more_than_the_word_is_a_message(text: str) -> None:
    # inbound cases 40 and 41
    assert read(text, CATALOG) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("NUEVO", CommandKind.NEW),
        ("nuevo caso", CommandKind.NEW),
        ("/nuevo", CommandKind.NEW),
        ("/nuevo_caso", CommandKind.NEW),
        ("Ayuda!", CommandKind.HELP),
        ("/ayuda@VentanillaBot", CommandKind.HELP),
        ("help", CommandKind.HELP),
        ("estado", CommandKind.STATUS),
        ("Mi caso", CommandKind.STATUS),
        ("START", CommandKind.OPT_IN),
        ("/start", CommandKind.START),
    ],
)
def test_words_of_every_language_are_commands(text: str, kind: CommandKind) -> None:
    assert read(text, CATALOG) == Command(kind)


@pytest.mark.parametrize(
    "text",
    [
        "ESTADO 20260001238",
        "estado: 2026-000-123-8",
        "/estado 2026 000 123 8",
        "/estado@bot 20260001238",
        "status #20260001238",
    ],
)
def test_a_case_number_may_follow(text: str) -> None:
    assert read(text, CATALOG) == Command(CommandKind.STATUS, number="20260001238")


def test_a_number_that_is_none_still_asks_for_the_status() -> None:
    assert read("estado 2026 123 4", CATALOG) == Command(CommandKind.STATUS, payload="20261234")
    assert read("ayuda 2026 123 4", CATALOG) is None


def test_the_payload_of_start_is_kept_as_it_was_typed() -> None:
    # inbound case 14
    assert read("/start Abc_12-x", CATALOG) == Command(CommandKind.START, payload="Abc_12-x")
    assert read("/start@bot\nZ", CATALOG) == Command(CommandKind.START, payload="Z")


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    command = read(text, CATALOG)
    assert command is None or command.kind in CommandKind
