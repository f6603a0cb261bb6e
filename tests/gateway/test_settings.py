"""The environment: what is wrong is said in one sentence that names the variable."""

import pytest

from gateway.errors import SettingsFault
from gateway.settings import read
from tests.support.running import CONFIG

GOOD = {"VENTANILLA_CONFIG_DIR": str(CONFIG)}


def test_nothing_but_a_configuration_is_needed_and_every_provider_is_simulated() -> None:
    settings = read(GOOD)
    assert settings.simulated == {"twilio", "telegram", "africastalking"}
    assert (settings.public_url, settings.has_public_url) == ("http://127.0.0.1:8080", False)
    assert settings.secrets["twilio"]["auth_token"] != read(GOOD).secrets["twilio"]["auth_token"]
    assert settings.secrets["twilio"]["auth_token"] not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VENTANILLA_DATABASE_URL", "not a url"),
        ("VENTANILLA_DATABASE_URL", "mysql://root:hidden-word@host/x"),
        ("VENTANILLA_DATABASE_URL", "sqlite://"),
        ("VENTANILLA_CONFIG_DIR", "/nowhere/at/all"),
        ("VENTANILLA_PUBLIC_LISTEN", "8080"),
        ("VENTANILLA_PUBLIC_LISTEN", "localhost:http"),
        ("VENTANILLA_INTERNAL_LISTEN", "localhost:70000"),
        ("VENTANILLA_PUBLIC_URL", "ventanilla.gov.co"),
        ("VENTANILLA_PUBLIC_URL", "https://ventanilla.gov.co/?a=1"),
        ("VENTANILLA_LOG", "xml"),
    ],
)
def test_a_fault_is_one_sentence_that_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsFault) as fault:
        read({**GOOD, variable: value})
    said = str(fault.value)
    assert said.startswith(variable)
    assert "\n" not in said
    assert "hidden-word" not in said


def test_half_of_a_providers_credentials_is_a_fault_that_names_the_other_half() -> None:
    with pytest.raises(SettingsFault, match=r"^TWILIO_AUTH_TOKEN is missing") as fault:
        read({**GOOD, "TWILIO_ACCOUNT_SID": "AC-hidden-word"})
    assert "hidden-word" not in str(fault.value)
    with pytest.raises(SettingsFault, match=r"^TELEGRAM_SECRET_TOKEN is missing"):
        read({**GOOD, "VENTANILLA_PUBLIC_URL": "https://x.example", "TELEGRAM_BOT_TOKEN": "1:x"})


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert read({**GOOD, "TWILIO_ACCOUNT_SID": "", "VENTANILLA_LOG": ""}).simulated >= {"twilio"}


def test_a_listener_on_every_address_is_reached_on_this_machine() -> None:
    settings = read({**GOOD, "VENTANILLA_PUBLIC_LISTEN": "0.0.0.0:9000", "VENTANILLA_INTERNAL_LISTEN": "[::1]:9001"})
    assert settings.public_listen.local_url == "http://127.0.0.1:9000"
    assert settings.internal_listen.local_url == "http://[::1]:9001"
