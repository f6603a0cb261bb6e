"""Canned answers: what one may say, and how it is filled for a case."""

import re
from datetime import datetime
from typing import Any, Final

from channels.gsm import Measure, measure
from gateway import words
from gateway.catalog.texts import placeholders
from gateway.errors import Forbidden, Invalid
from gateway.principal import Principal, Right
from gateway.store.canned import Wording
from routing import case_number
from routing.catalog import Catalog

# What is filled when an answer is used: the case's number, the person's name, the agency, the last day.
PLACEHOLDERS: Final = ("number", "name", "agency", "due")
# Characters.
LONGEST: Final = 2000
_LONGEST_TITLE: Final = 80
_SHORTCUT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
# A name that is not known takes the comma and the space before it along: "Hola, {name}:" becomes "Hola:".
_FILLED: Final = re.compile(r"(,? ?)\{(" + "|".join(PLACEHOLDERS) + r")\}")
_EXAMPLE_NAME: Final = "Rosa Elvira Tapiero"


def checked(principal: Principal, catalog: Catalog, given: dict[str, str]) -> Wording:
    """The wording that a form or a program gives: agency, language, shortcut, title, text.

    Forbidden for another agency's, and for everybody's unless one serves the whole network; Invalid names a field.
    """
    agency = editable(principal, catalog, given.get("agency") or None)
    shortcut = given.get("shortcut", "").strip().removeprefix("/").lower()
    title, text = given.get("title", "").strip(), given.get("text", "").replace("\r\n", "\n").strip()
    if given.get("language") not in catalog.gateway.languages:
        raise Invalid("language", "choose one of the deployment's languages")
    if not _SHORTCUT.fullmatch(shortcut):
        raise Invalid("shortcut", "a shortcut is 1 to 30 of a-z 0-9 - and begins with a letter or digit")
    if not 1 <= len(title) <= _LONGEST_TITLE:
        raise Invalid("title", f"a title has 1 to {_LONGEST_TITLE} characters")
    if not 1 <= len(text) <= LONGEST:
        raise Invalid("text", f"a canned answer has 1 to {LONGEST} characters")
    for name in sorted(placeholders(text) - set(PLACEHOLDERS)):
        raise Invalid("text", f"{{{name}}} is never filled in a canned answer")
    return Wording(agency=agency, language=given["language"], shortcut=shortcut, title=title, text=text)


def editable(principal: Principal, catalog: Catalog, agency: str | None) -> str | None:
    """The agency whose answers are to be changed; None: everybody's. Forbidden, or Invalid for one that is none."""
    principal.need(Right.EDIT_TEXTS)
    if principal.agency is not None and agency != principal.agency:
        raise Forbidden("what everybody uses, and what other agencies use, is not yours to change")
    if agency is not None and agency not in catalog.agencies:
        raise Invalid("agency", f"there is no agency {agency}")
    return agency


def may_edit(principal: Principal, agency: str | None) -> bool:
    """Whether somebody may change the answers of an agency; None: everybody's."""
    return principal.may(Right.EDIT_TEXTS) and principal.agency in (None, agency)


def filled(catalog: Catalog, case: Any, name: str | None, text: str) -> str:
    """An answer as it is said in a case. `name` is the citizen's, None when they have not told it."""
    return _fill(
        text, number=case.number, name=name, agency=words.short_name(catalog, case.agency),
        due=words.day(case.due_at, catalog),
    )  # fmt: skip


def example(catalog: Catalog, agency: str | None, text: str, *, now: datetime) -> tuple[str, Measure]:
    """An answer as somebody might get it, and what it weighs as SMS. What a person writes keeps its accents."""
    said = _fill(
        text, number=case_number.format_number(now.year, 1), name=_EXAMPLE_NAME,
        agency=words.short_name(catalog, agency or catalog.gateway.triage), due=words.day(now, catalog),
    )  # fmt: skip
    return said, measure(said)


def _fill(text: str, **facts: str | None) -> str:
    """Substitution in one pass: what stands in braces in somebody's name stays as it is."""

    def fill(found: re.Match[str]) -> str:
        value = (facts[found[2]] or "").strip()
        return found[1] + value if value else ""

    return _FILLED.sub(fill, text)
