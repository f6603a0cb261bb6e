"""What earlier cases suggest: the answer of a similar one, and the agency that has such questions. Suggestions only.

Both compare questions by the stems they share, the rare ones counting most (BM25, Robertson and Zaragoza 2009, with
each stem counted once: questions are short). Both can say why: the shared words.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import Principal
from gateway.search.heard import counts as count_heard
from gateway.search.words import agency_label, token, tokens
from gateway.store import fulltext
from gateway.store import similar as rows
from gateway.store.fulltext import Expression
from gateway.store.similar import Asked
from routing.catalog import Agency, Catalog
from routing.words import words

# A question says what it is about in its first sentences. Different stems.
_STEMS: Final = 16
# Stems are counted up to so many messages; one that has more is frequent, and only counts beside rarer ones.
_FREQUENT: Final = 4_000
# Of each of the rarest stems, so many of the newest messages are looked at (of a frequent one fewer: any of them is as
# good as another); of the best of all of those the first are read, and as many again when few of them will do.
_RAREST: Final = 6
_NEWEST: Final = 500
_NEWEST_OF_FREQUENT: Final = 200
_READ: Final = 120
_LOOKED_AT: Final = 8 * _READ
# Below this share of the question's own weight another question is about something else.
_ALIKE: Final = 0.3
# A word that nobody else has used may be a name or a slip: it weighs as this share of a usual one of the question.
_UNHEARD: Final = 0.5
# How many similar questions vote on the agency.
_VOTERS: Final = 30
_K1: Final = 1.2
_B: Final = 0.75
# A usual question's length in tokens; shorter ones are not more alike for being short.
_USUAL: Final = 12
# A phrase of the catalog weighs as much as this share of a question with the same words.
_PHRASE: Final = 0.6
# An agency with a smaller share of the votes is there by a chance word.
_WORTH: Final = 0.05
_WORDS: Final = 4
_PART: Final = re.compile(r" \(\d{1,2}/\d{1,2}\)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """An answered case. `answer_id` is the message that `?answer=` names; `score` is 0 to 1, 1 for the same words."""

    number: str
    agency: str
    language: str
    question: str
    answer: str
    answer_id: int
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """An agency, its share of the votes (0 to 1), and the question's words that say so, the weightiest first."""

    agency: str
    score: float
    words: tuple[str, ...]


@dataclass(slots=True)
class _Weighed:
    """A question's stems with their weights, how the person spelled them, and which of them are frequent."""

    weights: dict[str, float]
    spelled: Mapping[str, str]
    frequent: Collection[str]
    total: float = field(init=False)

    def __post_init__(self) -> None:
        heard = sum(self.weights.values())
        unheard = len(self.spelled) - len(self.weights)
        self.total = heard + _UNHEARD * unheard * heard / max(1, len(self.weights))

    def is_like(self, other: Sequence[str]) -> bool:
        """Whether another text's tokens say enough of this question: two words of it at least, if it has two."""
        shared = self.weights.keys() & set(other)
        return len(shared) >= min(2, len(self.spelled)) and self.score(other) >= _ALIKE

    def score(self, other: Sequence[str]) -> float:
        """How much of this question another text's tokens say: about 0 to 1."""
        shared = self.weights.keys() & set(other)
        length = 1 - _B + _B * max(1.0, len(other) / _USUAL)
        return sum(self.weights[stem] for stem in shared) / (self.total or 1.0) * (_K1 + 1) / (1 + _K1 * length)

    def words(self, stems: Iterable[str]) -> tuple[str, ...]:
        """The heaviest of the stems, as the person spelled them."""
        heaviest = sorted(stems, key=lambda stem: -self.weights[stem])
        return tuple(self.spelled[stem] for stem in heaviest[:_WORDS])


async def similar(conn: AsyncConnection, principal: Principal, case: Any, limit: int = 3) -> list[Similar]:
    """The answered cases, of agencies that the principal may see, that ask most nearly the same, with their answers.

    `case` is a row that was found with the principal.
    """
    within = [] if principal.agency is None else [agency_label(principal.agency)]
    # The question is in the index too, so a word that one message has is nobody else's.
    weighed = await _weighed(conn, await rows.question_of(conn, case.id), heard=2)
    near = await _near(conn, weighed, within, [*rows.answered(), *rows.seen_by(principal, but=case.id)])
    best = [(score, found) for score, found in _one_a_case(near) if weighed.is_like(tokens(found.text))][: 3 * limit]
    answers = await rows.answers(conn, [found.case_id for _, found in best])
    shown = [(score, found) for score, found in best if found.case_id in answers][:limit]
    return [
        Similar(
            number=found.number,
            agency=found.agency,
            question=found.text,
            language=found.language,
            answer=joined(answers[found.case_id][1]),
            answer_id=answers[found.case_id][0],
            score=min(1.0, score),
            words=weighed.words(weighed.weights.keys() & set(tokens(found.text))),
        )
        for score, found in shown
    ]


async def same(conn: AsyncConnection, principal: Principal, case: Any, *, limit: int) -> list[Asked]:
    """The open cases of the same agency that ask most nearly the same, whoever asks. `case` as for `similar`."""
    weighed = await _weighed(conn, await rows.question_of(conn, case.id), heard=2)
    within = [*rows.open_at(case.agency), *rows.seen_by(principal, but=case.id)]
    near = await _near(conn, weighed, [agency_label(case.agency)], within)
    return [found for _, found in _one_a_case(near) if weighed.is_like(tokens(found.text))][:limit]


def joined(parts: Sequence[str]) -> str:
    """An answer that went out in numbered parts, as it was written."""
    return " ".join(_PART.sub("", part) for part in parts) if len(parts) > 1 else "".join(parts)


async def answer_of(conn: AsyncConnection, principal: Principal, message_id: int, *, catalog: Catalog) -> str | None:
    """The answer that begins with this message, without its case's number; None when it is not theirs to see."""
    case = await rows.answer(conn, principal, message_id)
    if case is None:
        return None
    first, parts = (await rows.answers(conn, [case.id])).get(case.id, (0, []))
    return unaddressed(joined(parts), case, catalog) if first == message_id else None


def unaddressed(answer: str, case: Any, catalog: Catalog) -> str:
    """An answer without what says to whom it went: the agency and case number that stand before some."""
    agency = catalog.agencies.get(case.agency)
    if agency is None:
        return answer
    prefix = catalog.say("answer_prefix", case.language, of=case.agency, number=case.number, agency=agency.short)
    return answer.removeprefix(prefix.rstrip()).lstrip()


async def likeliest(conn: AsyncConnection, question: str, *, catalog: Catalog, limit: int = 3) -> list[Likely]:
    """The agencies that most probably answer such a question: those that answered similar ones, and those whose
    catalog phrases it contains. The words shown are the question's own: nothing of another agency's cases is told."""
    weighed = await _weighed(conn, question)
    near = _one_a_case(await _near(conn, weighed, [], rows.answered()))[:_VOTERS]
    votes: dict[str, float] = {}
    said: dict[str, dict[str, float]] = {}
    settled = [(score, found.agency, tokens(found.text)) for score, found in near]
    for score, agency, stems in (*settled, *_phrases(weighed, catalog)):
        if agency == catalog.gateway.triage or agency not in catalog.agencies:
            continue
        # Squared: one question with the same words says more than several that share a common one.
        votes[agency] = votes.get(agency, 0.0) + score * score
        shared = said.setdefault(agency, {})
        for stem in weighed.weights.keys() & set(stems):
            shared[stem] = shared.get(stem, 0.0) + score * weighed.weights[stem]
    total = sum(votes.values())
    best = sorted(votes, key=lambda agency: (-votes[agency], agency))[:limit]
    return [
        Likely(agency=agency, score=votes[agency] / total, words=_because(weighed, said[agency]))
        for agency in best
        if votes[agency] >= _WORTH * total
    ]


def _because(weighed: _Weighed, shared: Mapping[str, float]) -> tuple[str, ...]:
    heaviest = sorted(shared, key=lambda stem: -shared[stem])
    return tuple(weighed.spelled[stem] for stem in heaviest[:_WORDS])


def _phrases(weighed: _Weighed, catalog: Catalog) -> list[tuple[float, str, list[str]]]:
    """Each agency's best phrase as if it had been asked before."""
    found = []
    for agency in catalog.agencies.values():
        scored = [(_of_phrase(weighed, stems), stems) for phrase in _said_of(agency) if (stems := tokens(phrase))]
        score, stems = max(scored, default=(0.0, []))
        if score:
            found.append((score, agency.key, stems))
    return found


def _of_phrase(weighed: _Weighed, stems: Sequence[str]) -> float:
    shared = [stem for stem in stems if stem in weighed.weights]
    share = len(shared) / len(stems)
    return _PHRASE * share * share * sum(weighed.weights[stem] for stem in set(shared)) / (weighed.total or 1.0)


def _said_of(agency: Agency) -> Iterable[str]:
    yield from (agency.short, *agency.name.values(), *agency.keywords)
    for topic in agency.topics:
        yield from (*topic.phrases, *topic.label.values())


async def _weighed(conn: AsyncConnection, question: str, *, heard: int = 0) -> _Weighed:
    """The stems of a question that so many messages have, each weighed by how rare it is among all."""
    spelled: dict[str, str] = {}
    for word in words(question):
        if (stem := token(word)) and len(spelled) < _STEMS:
            spelled.setdefault(stem, word)
    total = await fulltext.size(conn, most=2 * _FREQUENT)
    counts = dict(zip(spelled, await count_heard(conn, list(spelled), most=_FREQUENT), strict=True))
    weights = {
        stem: math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5))
        for stem, count in counts.items()
        if count >= heard
    }
    return _Weighed(weights, spelled, {stem for stem, count in counts.items() if count == _FREQUENT})


async def _near(
    conn: AsyncConnection, weighed: _Weighed, labels: Sequence[str], within: Sequence[ColumnElement[bool]]
) -> list[tuple[float, Asked]]:
    """Questions of cases `within` that share the rarest stems, the nearest first."""
    rarest = sorted(weighed.weights, key=lambda stem: -weighed.weights[stem])[:_RAREST]
    if not rarest:
        return []
    wanted = [Expression(every=[*labels, stem]) for stem in rarest]
    # Frequent stems say little alone: their newest holders may all be about something else.
    wanted.append(Expression(every=[*labels, *rarest[:2]]))
    most = [_NEWEST_OF_FREQUENT if stem in weighed.frequent else _NEWEST for stem in rarest]
    held = await rows.holders(conn, wanted, most=[*most, _NEWEST])
    promising: dict[int, float] = {}
    for stem, ids in zip(rarest, held, strict=False):
        for message_id in ids:
            promising[message_id] = promising.get(message_id, 0.0) + weighed.weights[stem]
    for message_id in held[-1]:
        promising.setdefault(message_id, sum(weighed.weights[stem] for stem in rarest[:2]))
    best = sorted(promising, key=lambda message_id: (-promising[message_id], -message_id))[:_LOOKED_AT]
    found = await rows.asked(conn, best[:_READ], *within, most=_READ)
    # Most of what was asked is answered; only where it is not, less promising ones are read too.
    if len(found) < _READ // 2 and len(best) > _READ:
        found += await rows.asked(conn, best[_READ:], *within, most=_READ)
    scored = [(weighed.score(tokens(question.text)), question) for question in found]
    return sorted(scored, key=lambda pair: (-pair[0], -pair[1].message_id))


def _one_a_case(near: Iterable[tuple[float, Asked]]) -> list[tuple[float, Asked]]:
    """The nearest question of each case."""
    best: dict[int, tuple[float, Asked]] = {}
    for score, found in near:
        best.setdefault(found.case_id, (score, found))
    return list(best.values())
