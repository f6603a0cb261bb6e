"""Where a message goes: bands of matchers in a fixed order, and a trail that says why.

    number     the service number the person used
    menu       what they chose in a menu
    keyword    the first word; it routes and is never taken out of the text
    phrase     a phrase or an expression anywhere in the text, without accents and by the stem
    territory  where they are, or the one place they name
    language   the language, or only the channel
    triage     the desk for everything else

A rule of the configuration stands in the band of its strongest condition, and all its conditions must hold. In a
band the rules come first, in file order; then what the agencies own. Everything is prepared once for a catalog.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from channels.message import InboundMessage
from routing.catalog import Agency, Catalog, Topic
from routing.matching import BANDS, PhraseIndex, RuleBand, RuleMatch, owned_phrases, topic_phrases
from routing.reading import Reading, Reason, normal_number
from routing.shadows import unreachable
from routing.territory import Gazetteer, covers
from routing.words import words

__all__ = ["Reason", "Route", "RuleSet", "unreachable"]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message goes. `rule` is the rule's name, or the band in which an agency claimed it ("keyword")."""

    agency: str
    topic: str | None
    term_class: str
    rule: str
    reasons: tuple[Reason, ...]


# An agency, a topic of it or None, and what matched.
_Claim = tuple[str, str | None, str]

_TRIED = {band: Reason(f"no_{band}") for band in BANDS}


class RuleSet:
    """The rules of a catalog, ready to be asked."""

    def __init__(self, catalog: Catalog) -> None:
        agencies = catalog.agencies
        self._agencies = agencies
        self._terms = catalog.terms
        self._triage = catalog.gateway.triage
        self._gazetteer = Gazetteer(catalog.territories)
        rules = [RuleMatch(rule, order) for order, rule in enumerate(catalog.rules)]
        self._bands = {band: RuleBand(band, (rule for rule in rules if rule.band == band)) for band in BANDS}
        self._numbers = _owners((normal_number(n), agency) for agency in agencies.values() for n in agency.numbers)
        self._keywords = _owners((" ".join(words(k)), agency) for agency in agencies.values() for k in agency.keywords)
        self._keyword_words = max((keyword.count(" ") + 1 for keyword in self._keywords), default=1)
        self._phrases = PhraseIndex(phrase for agency in agencies.values() for phrase in owned_phrases(agency))
        self._topics = {key: PhraseIndex(topic_phrases(agency)) for key, agency in agencies.items()}
        self._local = tuple((a.territory, a) for a in agencies.values() if a.territory and a.level == "territorial")
        self._steps = (
            ("number", self._by_number),
            ("menu", self._by_menu),
            ("keyword", self._by_keyword),
            ("phrase", self._by_phrase),
            ("territory", self._by_territory),
        )

    @classmethod
    def of(cls, catalog: Catalog) -> "RuleSet":
        """The rules of this catalog."""
        return cls(catalog)

    def route(self, message: InboundMessage, *, language: str) -> Route:
        """Where this message goes. `language` is one of the deployment's. There is always an answer."""
        return self.route_reading(Reading(message, language))

    def route_reading(self, reading: Reading) -> Route:
        """The same for a message that is already being read."""
        trail: list[Reason] = []
        for band, claim_of in self._steps:
            rule = self._rule(band, reading)
            if rule is not None:
                return self._ruled(rule, reading, trail)
            claim = claim_of(reading)
            if claim is not None:
                return self._claimed(band, claim, reading, trail)
            trail.append(_TRIED[band])
        rule = self._rule("language", reading)
        if rule is not None:
            return self._ruled(rule, reading, trail)
        trail.append(_TRIED["language"])
        return self._claimed("triage", (self._triage, None, self._triage), reading, trail)

    def keyword_agency(self, message: InboundMessage) -> str | None:
        """The agency a keyword or a menu choice asks for; None when there is neither."""
        return self.agency_asked_for(Reading(message, (message.language or "").split("-")[0].lower()))

    def agency_asked_for(self, reading: Reading) -> str | None:
        """The same for a message that is already being read."""
        for band, claim_of in self._steps[1:3]:
            rule = self._rule(band, reading)
            if rule is not None:
                return rule.agency
            claim = claim_of(reading)
            if claim is not None:
                return claim[0]
        return None

    def _rule(self, band: str, reading: Reading) -> RuleMatch | None:
        return self._bands[band].first(reading, self._gazetteer)

    def _by_number(self, reading: Reading) -> _Claim | None:
        agency = self._numbers.get(reading.number)
        return (agency, None, f"{agency} ({reading.number})") if agency else None

    def _by_menu(self, reading: Reading) -> _Claim | None:
        choice = reading.choice()
        agency = self._agencies.get(choice.agency) if choice.agency else None
        if agency is None:
            return None
        topic = agency.topic(choice.topic)
        return agency.key, topic.key if topic else None, _dotted(agency.key, topic)

    def _by_keyword(self, reading: Reading) -> _Claim | None:
        for length in range(min(self._keyword_words, len(reading.words)), 0, -1):
            keyword = " ".join(reading.words[:length]) if length > 1 else reading.words[0]
            agency = self._keywords.get(keyword)
            if agency is not None:
                return agency, None, f"{keyword} → {agency}"
        return None

    def _by_phrase(self, reading: Reading) -> _Claim | None:
        found = self._phrases.longest(reading.stems)
        if found is None:
            return None
        owner = f"{found.agency}.{found.topic}" if found.topic else found.agency
        return found.agency, found.topic, f"{owner} («{found.phrase}»)"

    def _by_territory(self, reading: Reading) -> _Claim | None:
        place = reading.place(self._gazetteer) if self._local else None
        if place is None:
            return None
        serving = [(code, agency) for code, agency in self._local if covers(code, place)]
        if not serving:
            return None
        code, agency = max(serving, key=lambda pair: len(pair[0]))
        return agency.key, None, f"{agency.key} ({code})"

    def _ruled(self, rule: RuleMatch, reading: Reading, trail: list[Reason]) -> Route:
        trail.append(Reason("rule", f"{rule.name} ({rule.said(reading)})"))
        topic = self._topic(rule.agency, rule.topic, reading, trail)
        term_class = rule.term_class or self._class(topic, reading)
        return Route(rule.agency, topic.key if topic else None, term_class, rule.name, tuple(trail))

    def _claimed(self, band: str, claim: _Claim, reading: Reading, trail: list[Reason]) -> Route:
        agency, key, detail = claim
        trail.append(Reason(band, detail))
        topic = self._topic(agency, key, reading, trail)
        return Route(agency, topic.key if topic else None, self._class(topic, reading), band, tuple(trail))

    def _topic(self, agency: str, key: str | None, reading: Reading, trail: list[Reason]) -> Topic | None:
        """The topic that was decided, or else the one the agency's own phrases suggest: it decides the term."""
        owner = self._agencies[agency]
        if key is not None or not owner.topics:
            return owner.topic(key)
        found = self._topics[agency].longest(reading.stems)
        if found is None:
            return None
        trail.append(Reason("topic", f"{found.topic} («{found.phrase}»)"))
        return owner.topic(found.topic)

    def _class(self, topic: Topic | None, reading: Reading) -> str:
        chosen = reading.fact("class") if reading.facts else None
        if chosen is not None and chosen in self._terms:
            return chosen
        return topic.term_class if topic else "general"


def _owners(pairs: Iterable[tuple[str, Agency]]) -> dict[str, str]:
    """Who owns a keyword or a number: the first agency, where two claim it (`unreachable` reports that)."""
    owners: dict[str, str] = {}
    for word, agency in pairs:
        if word:
            owners.setdefault(word, agency.key)
    return owners


def _dotted(agency: str, topic: Topic | None) -> str:
    return f"{agency}.{topic.key}" if topic else agency
