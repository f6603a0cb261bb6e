"""Holidays come from the package's one country, and every country can be loaded like that."""

import json
import subprocess
import sys
from typing import Any


def told(code: str) -> Any:
    """What a fresh interpreter prints, as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 — our own words
    return json.loads(done.stdout)


def test_only_the_country_that_is_asked_for_is_loaded() -> None:
    days, known, loaded = told("""
import json, sys
from routing.holidays_of import are_known, public_holidays
days = {day.isoformat(): name for day, name in public_holidays("CO", 2026, "es").items()}
known = [are_known("CO"), are_known("XX")]
print(json.dumps([days, known, sorted(each for each in sys.modules if each.startswith("holidays.countries."))]))
""")
    assert days["2026-11-16"] == "Independencia de Cartagena (observado)"
    assert len(days) >= 18
    assert known == [True, False]
    assert loaded == ["holidays.countries.colombia"]


def test_every_country_of_the_package_is_known() -> None:
    unknown, empty = told("""
import json, holidays
from routing.holidays_of import are_known, public_holidays
codes = list(holidays.list_supported_countries(include_aliases=False))
assert len(codes) > 200
print(json.dumps([
    [code for code in codes if not are_known(code)], [code for code in codes if not public_holidays(code, 2026, "en")]
]))
""")
    assert unknown == []
    # Nobody lives in some of them, and in another there is war.
    assert len(empty) < 10
