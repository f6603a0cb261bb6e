"""Whether rules and menus lead somewhere: conditions that can hold, screens that can be reached and left."""

import re
from collections.abc import Iterable, Iterator

from channels.gsm import budget, fold
from gateway.catalog.checks import Draft, Known, missing, repeated, topic_missing
from gateway.catalog.source import Fault, Part, Source, Where
from routing.catalog import Agency, Catalog, Menu, MenuNode, MenuOption, When
from routing.matching import pattern
from routing.rules import unreachable

# Providers whose menus are screens of a session: 160 characters of GSM-7, 80 when one is outside it.
SESSION_PROVIDERS = frozenset({"africastalking"})
SCREEN = (160, 80)


def rule_faults(draft: Draft, known: Known) -> Iterator[Fault]:
    """What `routes.yaml` refers to."""
    routes, source = draft.routes.fact, draft.routes.source
    if routes is None:
        return
    yield from repeated(source, ("rules",), [rule.name for rule in routes.rules], "name")
    for index, rule in enumerate(routes.rules):
        where: Where = ("rules", index)
        yield from missing(source, (*where, "agency"), rule.agency, known.agencies, "agency")
        yield from topic_missing(source, (*where, "topic"), draft, rule.agency, rule.topic)
        yield from missing(source, (*where, "class"), rule.term_class, known.classes, "class in terms.yaml called")
        yield from _condition_faults(draft, known, rule.when, (*where, "when"))


def _condition_faults(draft: Draft, known: Known, when: When, where: Where) -> Iterator[Fault]:
    source = draft.routes.source
    if when == When():
        yield source.fault(where, "needs at least one condition")
    for field, values, names, what in (
        ("channel", when.channel, known.channels, "channel"),
        ("territory", when.territory, known.territories, "territory"),
        ("language", when.language, known.languages, "language"),
    ):
        for index, value in enumerate(values):
            yield from missing(source, (*where, field, index), value, names, what)
    for index, choice in enumerate(when.menu):
        agency, _, topic = choice.partition(".")
        yield from missing(source, (*where, "menu", index), agency, known.agencies, "agency")
        yield from topic_missing(source, (*where, "menu", index), draft, agency, topic or None)
    if when.expression is not None:
        try:
            pattern(when.expression)
        except re.error as error:
            yield source.fault((*where, "expression"), f"is not a regular expression: {error}")


def unreachable_faults(catalog: Catalog, draft: Draft) -> Iterator[Fault]:
    """Rules that an earlier one always forestalls, and words of an agency that a rule or another agency takes."""
    rules = [rule.name for rule in catalog.rules]
    agencies = {part.key: part for part in draft.agencies}
    for name, shadowing, why in unreachable(catalog):
        if name in rules:
            where: Where = ("rules", rules.index(name))
            yield draft.routes.source.fault(where, f"'{name}' is never reached because of '{shadowing}': {why}")
        # Keywords and numbers owned twice are found by `ownership_faults`, at the word itself.
        elif not why.startswith(("ambiguous keyword", "ambiguous number")):
            yield _taken_fault(agencies[name.partition(".")[0]], name.partition(".")[2], why)


def _taken_fault(part: Part[Agency], topic: str, why: str) -> Fault:
    keys = [each.key for each in part.fact.topics] if part.fact else []
    return part.source.fault(("topics", keys.index(topic), "phrases") if topic in keys else ("keywords",), why)


def menu_faults(part: Part[Menu], draft: Draft, known: Known) -> Iterator[Fault]:
    """References of one menu, and screens that cannot be reached or left."""
    menu, source = part.fact, part.source
    if menu is None:
        return
    nodes = {node.key for node in menu.nodes}
    yield from repeated(source, ("nodes",), [node.key for node in menu.nodes])
    yield from missing(source, ("start",), menu.start, nodes, "node")
    for index, node in enumerate(menu.nodes):
        where: Where = ("nodes", index)
        yield from missing(source, (*where, "goto"), node.goto, nodes, "node")
        yield from _shape_faults(source, where, node)
        for at, agency in enumerate(node.agencies):
            yield from missing(source, (*where, "agencies", at), agency, known.agencies, "agency")
        for at, option in enumerate(node.options):
            yield from missing(source, (*where, "options", at, "goto"), option.goto, nodes, "node")
            yield from _option_faults(source, (*where, "options", at), option, draft, known)
    yield from _walk_faults(source, menu)


def _shape_faults(source: Source, where: Where, node: MenuNode) -> Iterator[Fault]:
    if node.kind == "choose" and not node.options:
        yield source.fault(where, f"'{node.key}' is a choice without options: give 'options'")
    if node.kind in ("agencies", "topics") and node.goto is None:
        yield source.fault(where, f"'{node.key}' must say where the choice leads: give 'goto'")


def _option_faults(source: Source, where: Where, option: MenuOption, draft: Draft, known: Known) -> Iterator[Fault]:
    names = {
        "language": known.languages,
        "agency": known.agencies,
        "class": known.classes,
        "territory": known.territories,
    }
    for fact, value in option.set.items():
        place: Where = (*where, "set", fact)
        if fact == "topic":
            agency, _, topic = value.partition(".")
            yield from missing(source, place, agency, known.agencies, "agency")
            yield from topic_missing(source, place, draft, agency, topic)
        else:
            yield from missing(source, place, value, names[fact], fact)


def _walk_faults(source: Source, menu: Menu) -> Iterator[Fault]:
    leads = {node.key: _next(node) for node in menu.nodes}
    reached = _spread({menu.start}, leads)
    back: dict[str, set[str]] = {key: set() for key in leads}
    for key, targets in leads.items():
        for target in targets:
            back.setdefault(target, set()).add(key)
    ends = {node.key for node in menu.nodes if node.kind in ("question", "cases", "text")}
    leaving = _spread(ends, back)
    for index, node in enumerate(menu.nodes):
        if node.key not in reached:
            yield source.fault(("nodes", index), f"'{node.key}' cannot be reached from '{menu.start}'")
        if node.key not in leaving:
            yield source.fault(("nodes", index), f"'{node.key}' has no way out: it leads to no question, list or text")


def _next(node: MenuNode) -> set[str]:
    return {option.goto for option in node.options} | ({node.goto} if node.goto else set())


def _spread(start: Iterable[str], leads: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting.extend(leads.get(key, ()))
    return reached


def session_faults(draft: Draft) -> Iterator[Fault]:
    """Session channels that nobody can use or be answered on, and texts that one screen cannot hold."""
    gateway, source = draft.gateway.fact, draft.gateway.source
    for name, channel in gateway.channels.items() if gateway else ():
        if channel.provider not in SESSION_PROVIDERS:
            continue
        if channel.menu is None:
            yield source.fault(("channels", name), "a session needs a 'menu' to show")
        if channel.answers_by is None:
            yield source.fault(
                ("channels", name), "a session cannot be written to later: give 'answers_by', such as sms"
            )
        for part in draft.menus:
            if part.key == channel.menu and part.fact:
                yield from _screen_faults(part.source, part.fact, folded=channel.fold_accents)


def _screen_faults(source: Source, menu: Menu, *, folded: bool) -> Iterator[Fault]:
    """A list of options that is too long is paged; a text is not."""
    for index, node in enumerate(menu.nodes):
        for language, text in node.text.items():
            shown = fold(text) if folded else text
            over = -budget(shown, gsm7_characters=SCREEN[0], ucs2_characters=SCREEN[1])
            if over > 0:
                where: Where = ("nodes", index, "text", language)
                yield source.fault(where, f"is {over} characters longer than a USSD screen: 160, or 80 with á í ó ú")
