"""Places: which code covers which, and the one place a text names, if it names one without doubt.

Codes are DIVIPOLA's: two digits for a department, five for a municipality whose first two are its department's.
"""

from collections.abc import Mapping, Sequence

from routing.words import words


def covers(code: str, place: str) -> bool:
    """Whether a territory is `place` itself or the department it lies in."""
    return place.startswith(code)


class Gazetteer:
    """The place names of a catalog, ready to be found in a text."""

    def __init__(self, territories: Mapping[str, str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], list[str]]]] = {}
        named: dict[tuple[str, ...], list[str]] = {}
        for code, name in territories.items():
            named.setdefault(words(name), []).append(code)
        for spelled, codes in named.items():
            if spelled:
                self._by_first.setdefault(spelled[0], []).append((spelled, codes))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, said: Sequence[str]) -> str | None:
        """The code of the place these folded words name, or None when they name none, or more than one.

        "Villanueva, Casanare" is one place, because the department decides between the municipalities of that name;
        "Bogotá" is the department that covers its namesake; "de Cali a Pasto" is none.
        """
        mentions = self._mentions(said)
        if not mentions:
            return None
        mentions = [_narrowed(mention, mentions) for mention in mentions]
        if any(len(mention) != 1 for mention in mentions):
            return None
        places = sorted({mention[0] for mention in mentions}, key=len)
        return places[-1] if all(covers(place, places[-1]) for place in places) else None

    def _mentions(self, said: Sequence[str]) -> list[list[str]]:
        mentions: list[list[str]] = []
        passed = 0
        for at, word in enumerate(said):
            if at >= passed and word in self._by_first:
                entry = self._at(said, at)
                if entry is not None:
                    mentions.append(entry[1])
                    passed = at + len(entry[0])
        return mentions

    def _at(self, said: Sequence[str], at: int) -> tuple[tuple[str, ...], list[str]] | None:
        for spelled, codes in self._by_first[said[at]]:
            if tuple(said[at : at + len(spelled)]) == spelled:
                return spelled, codes
        return None


def _narrowed(codes: list[str], mentions: list[list[str]]) -> list[str]:
    """The codes a name may mean, after a department named beside it, or covering all of them, has spoken."""
    if len(codes) == 1:
        return codes
    widest = min(codes, key=len)
    if all(covers(widest, code) for code in codes):
        return [widest]
    departments = [mention[0] for mention in mentions if len(mention) == 1]
    within = [code for code in codes if any(covers(department, code) for department in departments)]
    return within if len(within) == 1 else codes
