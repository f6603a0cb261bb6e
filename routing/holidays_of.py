"""Public holidays by country and year, from the `holidays` package.

Its countries are modules that are loaded one by one, but behind a package that loads all 250 of them first: seven
megabytes and a tenth of a second. Here that package stands as an empty one, so that a country is all that is loaded.
"""

import sys
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from types import ModuleType

import holidays

_COUNTRIES = "holidays.countries"


def are_known(country: str) -> bool:
    """Whether the package has a country of this code (ISO 3166)."""
    _stand_in()
    try:
        holidays.country_holidays(country)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int, language: str) -> dict[date, str]:
    """The public holidays of a country (ISO 3166) and a year, with their names in a language, where it is known."""
    _stand_in()
    return dict(holidays.country_holidays(country, years=year, language=language).items())


def _stand_in() -> None:
    spec = find_spec(_COUNTRIES) if _COUNTRIES not in sys.modules else None
    if spec is not None and spec.submodule_search_locations is not None:
        package = ModuleType(_COUNTRIES)
        package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
        sys.modules[_COUNTRIES] = package
