"""The matchers: one rule's conditions, prepared once, and the index of every phrase that agencies own."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from routing.catalog import Agency, Rule, When
from routing.reading import Reading, normal_number
from routing.territory import Gazetteer, covers
from routing.words import stems, words

# The bands, strongest condition first. A rule with only a channel stands beside those with a language.
BANDS = ("number", "menu", "keyword", "phrase", "territory", "language")

Stems = tuple[str, ...]


def band_of(when: When) -> str:
    """The band of a rule's strongest condition."""
    if when.number:
        return "number"
    if when.menu:
        return "menu"
    if when.keyword:
        return "keyword"
    if when.phrase or when.expression:
        return "phrase"
    return "territory" if when.territory else "language"


def pattern(expression: str) -> re.Pattern[str]:
    """An expression, without the accents it was written with, because it is tried on folded text. re.error if bad."""
    bare = "".join(c for c in unicodedata.normalize("NFD", expression) if not unicodedata.combining(c))
    # Folded text has no capitals, and without them a search takes half the time.
    return re.compile(bare, 0 if bare == bare.lower() else re.IGNORECASE)


def any_of(patterns: Sequence[re.Pattern[str]]) -> re.Pattern[str] | None:
    """One pattern that finds something in every text in which one of these does; None when that cannot be made."""
    if not patterns or any(_OWN_GROUPS.search(each.pattern) for each in patterns):
        return None
    ignoring = any(each.flags & re.IGNORECASE for each in patterns)
    try:
        return re.compile("|".join(f"(?:{each.pattern})" for each in patterns), re.IGNORECASE if ignoring else 0)
    except re.error:  # flags of its own, which must stand at the very beginning
        return None


# A reference to a group by its number or name, which another place in a longer pattern would change.
_OWN_GROUPS = re.compile(r"\\[1-9]|\(\?(?:P|\()")


class RuleMatch:
    """A rule of the configuration, ready to be tried."""

    __slots__ = (
        "_channels", "_keywords", "_languages", "_menus", "_numbers", "_phrases", "_territories",
        "agency", "band", "expression", "name", "order", "term_class", "topic",
    )  # fmt: skip

    def __init__(self, rule: Rule, order: int) -> None:
        when = rule.when
        self.order = order
        self.name, self.agency, self.topic, self.term_class = rule.name, rule.agency, rule.topic, rule.term_class
        self.band = band_of(when)
        self._channels = frozenset(when.channel)
        self._languages = frozenset(when.language)
        self._numbers = frozenset(map(normal_number, when.number))
        self._menus = frozenset(when.menu)
        self._keywords = frozenset(words(keyword) for keyword in when.keyword)
        self._phrases = tuple(filter(None, map(stems, when.phrase)))
        self.expression = pattern(when.expression) if when.expression else None
        self._territories = when.territory

    def holds(self, reading: Reading, gazetteer: Gazetteer) -> bool:
        """Whether every condition holds; the cheap ones are asked first."""
        message = reading.message
        if self._channels and message.channel not in self._channels:
            return False
        if self._languages and reading.language not in self._languages:
            return False
        if self._numbers and reading.number not in self._numbers:
            return False
        return (
            (not self._menus or self._chosen(reading))
            and (not self._keywords or any(begins(reading.words, keyword) for keyword in self._keywords))
            and (not self._phrases or any(contains(reading.stems, phrase) for phrase in self._phrases))
            and (not self._territories or self._covers(reading.place(gazetteer)))
            and (self.expression is None or self.expression.search(reading.folded) is not None)
        )

    def triggers(self) -> frozenset[str]:
        """What the message must have for this rule to be worth trying (see `RuleBand`); none: always try it."""
        if self.band == "number":
            return self._numbers
        if self.band == "menu":
            return self._menus
        if self.band == "keyword":
            return frozenset(keyword[0] for keyword in self._keywords if keyword)
        if self.band == "phrase" and self.expression is None:
            return frozenset(phrase[0] for phrase in self._phrases)
        return frozenset()

    def said(self, reading: Reading) -> str:
        """What of the message met the strongest condition, for the trail."""
        if self.band == "number":
            return reading.number
        if self.band == "menu":
            return ".".join(filter(None, reading.choice()))
        if self.band == "keyword":
            return next(" ".join(keyword) for keyword in self._keywords if begins(reading.words, keyword))
        if self.band == "phrase":
            return f"«{self._spoken(reading)}»"
        return self.band

    def _spoken(self, reading: Reading) -> str:
        for phrase in self._phrases:
            if contains(reading.stems, phrase):
                return spelled(reading, phrase)
        found = self.expression.search(reading.folded) if self.expression else None
        return found.group() if found else ""

    def _chosen(self, reading: Reading) -> bool:
        agency, topic = reading.choice()
        return agency is not None and (agency in self._menus or f"{agency}.{topic}" in self._menus)

    def _covers(self, place: str | None) -> bool:
        return place is not None and any(covers(code, place) for code in self._territories)


class RuleBand:
    """The rules of one band in file order, indexed by what must be there for them to be worth trying."""

    def __init__(self, band: str, rules: Iterable[RuleMatch]) -> None:
        self._met = _MET.get(band, _nothing)
        self._always: list[RuleMatch] = []
        self._by_trigger: dict[str, list[RuleMatch]] = {}
        for rule in rules:
            triggers = rule.triggers()
            for trigger in triggers:
                self._by_trigger.setdefault(trigger, []).append(rule)
            if not triggers:
                self._always.append(rule)
        # One search for all of them: hardly any text has what any expression looks for.
        expressions = [rule.expression for rule in self._always if rule.expression is not None]
        self._expressions = any_of(expressions) if len(expressions) == len(self._always) else None

    def first(self, reading: Reading, gazetteer: Gazetteer) -> RuleMatch | None:
        """The first rule that holds."""
        for rule in self._candidates(reading):
            if rule.holds(reading, gazetteer):
                return rule
        return None

    def _candidates(self, reading: Reading) -> Sequence[RuleMatch]:
        index, always = self._by_trigger, self._always
        if self._expressions is not None and not self._expressions.search(reading.folded):
            always = []
        if not index or index.keys().isdisjoint(self._met(reading)):
            return always
        met = {rule for trigger in self._met(reading) for rule in index.get(trigger, ())}
        return sorted({*met, *always}, key=_order)


def _order(rule: RuleMatch) -> int:
    return rule.order


def _nothing(_: Reading) -> Sequence[str]:
    return ()


def _choices(reading: Reading) -> Sequence[str]:
    agency, topic = reading.choice()
    return (agency, f"{agency}.{topic}") if agency else ()


_MET: dict[str, Callable[[Reading], Sequence[str]]] = {
    "number": lambda reading: (reading.number,),
    "menu": _choices,
    "keyword": lambda reading: reading.words[:1],
    "phrase": lambda reading: reading.stems,
}


def begins(said: Sequence[str], start: Sequence[str]) -> bool:
    """Whether a text's words begin with these."""
    return bool(start) and tuple(said[: len(start)]) == tuple(start)


def contains(said: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether these stems follow each other somewhere in a text."""
    return position(said, phrase) is not None


def position(said: Sequence[str], phrase: Sequence[str]) -> int | None:
    """Where these stems first follow each other in a text."""
    first = phrase[0]
    if first not in said:
        return None
    length = len(phrase)
    for at in range(len(said) - length + 1):
        if said[at] == first and tuple(said[at : at + length]) == tuple(phrase):
            return at
    return None


def spelled(reading: Reading, phrase: Sequence[str]) -> str:
    """The message's own words that matched a phrase."""
    at = position(reading.stems, phrase)
    return "" if at is None else " ".join(reading.words[at : at + len(phrase)])


class Owned(NamedTuple):
    """A phrase and whose it is; `topic` is None for an agency's own name."""

    stems: Stems
    agency: str
    topic: str | None
    phrase: str


def topic_phrases(agency: Agency) -> Iterator[Owned]:
    """The phrases of an agency's topics."""
    for topic in agency.topics:
        for phrase in topic.phrases:
            yield Owned(stems(phrase), agency.key, topic.key, phrase)


def owned_phrases(agency: Agency) -> Iterator[Owned]:
    """The phrases of an agency's topics, and what it is called."""
    yield from topic_phrases(agency)
    for name in dict.fromkeys((agency.short, *agency.name.values())):
        yield Owned(stems(name), agency.key, None, name)


class PhraseIndex:
    """Phrases by their first stem and then their second ("" for those of one word), the longest first."""

    def __init__(self, phrases: Iterable[Owned]) -> None:
        self._by_first: dict[str, dict[str, list[Owned]]] = {}
        for owned in sorted(phrases, key=_length, reverse=True):
            if owned.stems:
                second = owned.stems[1] if len(owned.stems) > 1 else ""
                self._by_first.setdefault(owned.stems[0], {}).setdefault(second, []).append(owned)

    def longest(self, said: Sequence[str]) -> Owned | None:
        """The longest phrase in a text, by words and then by letters; of equals the first in the text."""
        best: Owned | None = None
        for at, first in enumerate(said):
            owned = self._at(said, at) if first in self._by_first else None
            if owned is not None and (best is None or _length(owned) > _length(best)):
                best = owned
        return best

    def _at(self, said: Sequence[str], at: int) -> Owned | None:
        seconds = self._by_first[said[at]]
        for owned in seconds.get(said[at + 1], ()) if at + 1 < len(said) else ():
            length = len(owned.stems)
            if length == 2 or tuple(said[at : at + length]) == owned.stems:
                return owned
        single = seconds.get("")
        return single[0] if single else None


def _length(owned: Owned) -> tuple[int, int]:
    return len(owned.stems), sum(map(len, owned.stems))
