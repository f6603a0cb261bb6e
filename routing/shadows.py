"""What in a configuration can never happen: rules that another always forestalls, and words that two agencies claim."""

from collections.abc import Callable, Iterable, Iterator

from routing.catalog import Agency, Catalog, Rule
from routing.matching import BANDS, band_of, begins, contains, owned_phrases
from routing.reading import normal_number
from routing.territory import covers
from routing.words import stems, words

# What cannot be reached, what stands before it, and why, in plain English.
Shadow = tuple[str, str, str]


def unreachable(catalog: Catalog) -> list[Shadow]:
    """Rules that never decide, agencies' words that a rule takes, and words, numbers and phrases owned twice.

    An expression is only compared with the same expression: what it matches cannot be foreseen.
    """
    return [
        *_impossible(catalog),
        *_forestalled(catalog.rules),
        *_taken(catalog),
        *_owned_twice(catalog, "keyword", lambda agency: ((" ".join(words(k)), k) for k in agency.keywords)),
        *_owned_twice(catalog, "number", lambda agency: ((normal_number(n), n) for n in agency.numbers)),
        *_phrases_owned_twice(catalog),
    ]


def _impossible(catalog: Catalog) -> Iterator[Shadow]:
    gateway = catalog.gateway
    for rule in catalog.rules:
        when = rule.when
        if when.channel and not set(when.channel) & gateway.channels.keys():
            yield rule.name, "gateway", f"there is no channel {', '.join(when.channel)}"
        if when.language and not set(when.language) & set(gateway.languages):
            yield rule.name, "gateway", f"the deployment does not speak {', '.join(when.language)}"


def _forestalled(rules: tuple[Rule, ...]) -> Iterator[Shadow]:
    ordered = sorted(rules, key=lambda rule: BANDS.index(band_of(rule.when)))
    for at, later in enumerate(ordered):
        for earlier in ordered[:at]:
            if _implies(later, earlier):
                yield later.name, earlier.name, f"whatever “{later.name}” matches, “{earlier.name}” matches before it"
                break


def _implies(narrow: Rule, wide: Rule) -> bool:
    """Whether every message that meets `narrow` meets `wide` too."""
    a, b = narrow.when, wide.when
    return (
        _within(a.channel, b.channel, str.__eq__)
        and _within(a.language, b.language, str.__eq__)
        and _within(a.number, b.number, lambda x, y: normal_number(x) == normal_number(y))
        and _within(a.menu, b.menu, lambda x, y: x == y or x.startswith(y + "."))
        and _within(a.keyword, b.keyword, lambda x, y: begins(words(x), words(y)))
        and _within(a.phrase, b.phrase, _phrase_within)
        and (b.expression is None or a.expression == b.expression)
        and _within(a.territory, b.territory, lambda x, y: covers(y, x))
    )


def _within(narrow: tuple[str, ...], wide: tuple[str, ...], met: Callable[[str, str], bool]) -> bool:
    """Whether each alternative of one condition meets one of the other's. No condition is met by everything."""
    return not wide or (bool(narrow) and all(any(met(x, y) for y in wide) for x in narrow))


def _phrase_within(longer: str, shorter: str) -> bool:
    said, phrase = stems(longer), stems(shorter)
    return bool(phrase) and contains(said, phrase)


def _taken(catalog: Catalog) -> Iterator[Shadow]:
    """Keywords, numbers and menu choices of an agency that a rule without any other condition sends elsewhere."""
    for rule in catalog.rules:
        for agency in catalog.agencies.values():
            if agency.key != rule.agency:
                for kind, word in _taken_from(rule, agency):
                    yield agency.key, rule.name, f"the {kind} “{word}” of {agency.key} goes to {rule.agency}"


def _taken_from(rule: Rule, agency: Agency) -> Iterator[tuple[str, str]]:
    given = [name for name, value in rule.when if value]
    if given == ["keyword"]:
        mine = {words(keyword) for keyword in agency.keywords}
        yield from (("keyword", keyword) for keyword in rule.when.keyword if words(keyword) in mine)
    elif given == ["number"]:
        numbers = {normal_number(number) for number in agency.numbers}
        yield from (("number", number) for number in rule.when.number if normal_number(number) in numbers)
    elif given == ["menu"]:
        yield from (("menu choice", chosen) for chosen in rule.when.menu if chosen == agency.key)


def _owned_twice(catalog: Catalog, kind: str, owned: Callable[[Agency], Iterable[tuple[str, str]]]) -> Iterator[Shadow]:
    owners: dict[str, str] = {}
    for agency in catalog.agencies.values():
        for normal, written in owned(agency):
            owner = owners.setdefault(normal, agency.key)
            if owner != agency.key:
                yield agency.key, owner, f"ambiguous {kind} “{written}”: {owner} and {agency.key} both own it"


def _phrases_owned_twice(catalog: Catalog) -> Iterator[Shadow]:
    owners: dict[tuple[str, ...], tuple[str, str | None]] = {}
    for agency in catalog.agencies.values():
        for owned in owned_phrases(agency):
            first = owners.setdefault(owned.stems, (owned.agency, owned.topic))
            # An agency's name may well be a phrase of its own topic too: the topic is the better answer.
            if first != (owned.agency, owned.topic) and (first[0] != agency.key or owned.topic is not None):
                names = [".".join(filter(None, owner)) for owner in (first, (owned.agency, owned.topic))]
                yield names[1], names[0], f"ambiguous phrase “{owned.phrase}”: {names[0]} and {names[1]} both own it"
