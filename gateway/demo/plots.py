"""How a case goes, drawn by lot: what happens between the question and the answer."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

# Questions older than this have been answered, late if need be: their agency was told again and again.
_OLD: Final = timedelta(days=75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What happens to a case. `ending`: answered, never, unheard, withdrawn, spam, not_competent."""

    detours: tuple[str, ...] = ()
    noted: bool = False
    classified: bool = False
    more: bool = False
    asked_back: bool = False
    # completed, partly, resumed, never; "" where nothing is asked for.
    completion: str = ""
    extended: bool = False
    repeated: bool = False
    thankful: bool = False
    reopened: bool = False
    ending: str = "answered"


_ENDINGS: Final = {"answered": 940, "never": 16, "unheard": 5, "withdrawn": 10, "not_competent": 10}
_COMPLETIONS: Final = {"": 925, "completed": 46, "partly": 5, "resumed": 6, "never": 18}


def plot(rng: random.Random, *, age: timedelta, wrong: tuple[str, ...]) -> Plot:
    """A case's lot. `age`: how long ago it was asked; `wrong`: agencies it may reach by mistake."""
    ending = _drawn(_ENDINGS, rng)
    if age > _OLD and ending in ("never", "unheard") and rng.random() < 0.9:
        ending = "answered"
    detours = rng.choices((0, 1, 2), (92, 7, 1))[0]
    return Plot(
        detours=tuple(rng.sample(wrong, min(detours, len(wrong)))),
        noted=rng.random() < 0.24,
        classified=rng.random() < 0.03,
        more=rng.random() < 0.08,
        asked_back=rng.random() < 0.06,
        completion=_drawn(_COMPLETIONS, rng),
        extended=rng.random() < 0.05,
        repeated=rng.random() < 0.025,
        thankful=rng.random() < 0.33,
        reopened=rng.random() < 0.06,
        ending=ending,
    )


def _drawn(shares: dict[str, int], rng: random.Random) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
