"""docs/configuration.md lags behind nothing: every key of every file is in it, with its real default."""

import re
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from channels import africastalking_ussd, telegram, twilio_sending, web
from gateway.catalog.checks import Goals, Territories
from gateway.catalog.texts import REQUIRED_TEXTS, placeholders
from routing import catalog

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"

# The heading under which a type's keys are listed.
SECTIONS: dict[str, type[BaseModel]] = {
    "gateway.yaml": catalog.Gateway,
    "channels": catalog.ChannelConfig,
    "threading": catalog.Threading,
    "flood": catalog.Flood,
    "files": catalog.FileLimits,
    r"agencies/\<key\>.yaml": catalog.Agency,
    "topics": catalog.Topic,
    "hours": catalog.Hours,
    "manager": catalog.FirstManager,
    "rules": catalog.Rule,
    "when": catalog.When,
    r"menus/\<key\>.yaml": catalog.Menu,
    "nodes": catalog.MenuNode,
    "options": catalog.MenuOption,
    "classes": catalog.TermClass,
    "rows": catalog.TermRow,
    r"calendars/\<key\>.yaml": catalog.Calendar,
    "suspensions": catalog.Suspension,
    r"texts/\<language\>.yaml": catalog.Texts,
    "timekeeping.yaml": catalog.Timekeeping,
    "steps": catalog.Step,
    "goals.yaml": Goals,
    "goals": catalog.Goal,
    "territories.yaml": Territories,
}
OPTIONS: dict[str, type[BaseModel]] = {
    "options of twilio": twilio_sending.TwilioOptions,
    "options of africastalking": africastalking_ussd.Options,
    "options of telegram": telegram.Options,
    "options of web": web.Options,
}


def sections() -> dict[str, str]:
    """Heading to the text below it, of every level."""
    parts = re.split(r"^#{2,3} (.+)$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> dict[str, list[str]]:
    """First cell of each table row, without its backticks, to the other cells."""
    lines = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, flags=re.MULTILINE)
    return {key: [cell.strip() for cell in rest.split("|")] for key, rest in lines}


def written(info: FieldInfo) -> str:
    """A default as the document writes it."""
    if info.is_required():
        return "required"
    default: Any = info.get_default(call_default_factory=True)
    listed = default if isinstance(default, tuple) else (default,)
    if any(isinstance(each, BaseModel) for each in listed):
        return "see below"
    if default is None:
        return "none"
    if default in ((), {}):
        return "empty"
    if isinstance(default, tuple):
        return ", ".join(default)
    if isinstance(default, Enum):
        return str(default.value)
    return str(default).lower() if isinstance(default, bool) else str(default)


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_key_is_documented_with_its_default(heading: str) -> None:
    documented = rows(sections()[heading])

    assert {key: cells[-1] for key, cells in documented.items()} == {
        key: written(info) for key, info in keys_of(SECTIONS[heading]).items()
    }


@pytest.mark.parametrize("heading", OPTIONS)
def test_each_option_of_a_provider_is_documented(heading: str) -> None:
    assert rows(sections()[heading]).keys() == keys_of(OPTIONS[heading]).keys()


def test_each_message_is_documented_with_its_placeholders() -> None:
    documented = {key: placeholders(cells[0]) for key, cells in rows(sections()["messages"]).items()}

    assert documented == REQUIRED_TEXTS


def test_every_type_of_the_configuration_has_its_section() -> None:
    types = {
        kind
        for kind in vars(catalog).values()
        if isinstance(kind, type) and issubclass(kind, catalog.Fact) and kind not in (catalog.Fact, catalog.Catalog)
    }

    assert types - set(SECTIONS.values()) == set()


def test_no_two_sections_have_the_same_heading() -> None:
    headings = re.findall(r"^#{2,3} (.+)$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert len(headings) == len(set(headings))


def test_the_environment_has_its_table() -> None:
    assert "| Variable |" in sections()["Environment"]
