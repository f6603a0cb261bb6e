"""Made-up citizens: who writes, what they ask, and by which channel. The same seed makes the same crowd."""

import random
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from routing.catalog import Agency, Catalog
from routing.screens import MORE

# How Colombians open a message to an office, and how they get to the point.
_GREETINGS: Final = (
    "Buenos días.", "Buenas tardes.", "Hola, buenas.", "Señores,", "Cordial saludo.", "Disculpe la molestia.", "",
)  # fmt: skip
_QUESTIONS: Final = (
    "¿Qué papeles necesito para {}?",
    "Quisiera saber cómo va lo de {}, ya pasaron dos meses.",
    "¿Dónde puedo averiguar sobre {} en mi municipio?",
    "Necesito ayuda con {}, soy adulto mayor y no sé usar la página.",
    "¿Cuánto se demora {}?",
    "Me dijeron que aquí respondían por {}. ¿Es cierto?",
)
_NAMES: Final = ("Ana Pérez", "Luis Yagarí", "Marta Ruiz", "José Mosquera", "Yolanda Tapiero", "Diego Cuartas")
# Of a hundred: how many type without accents, as on a keypad, and how many begin with the agency's keyword.
_PLAIN, _KEYWORD = 60, 25
# How people reach the gateway, by provider: most have no internet.
_WEIGHTS: Final = {"twilio": 45, "africastalking": 25, "telegram": 20, "web": 10}
_OPTION: Final = re.compile(r"^(\d{1,2})\W", re.MULTILINE)


class Crowd:
    """Citizens with questions about what the agencies of a catalog are asked about."""

    def __init__(self, catalog: Catalog, providers: Sequence[str], *, seed: int | None) -> None:
        self._random = random.Random(seed)  # noqa: S311 — a crowd, not a secret
        self._agencies = [agency for agency in catalog.agencies.values() if agency.topics]
        self._language = catalog.default_language
        self._providers = [provider for provider in providers if provider in _WEIGHTS]

    def next(self) -> "Visitor":
        """The next citizen, who chooses for themselves: how quickly others are answered changes nothing."""
        [provider] = self._random.choices(self._providers, [_WEIGHTS[provider] for provider in self._providers])
        own = random.Random(self._random.random())  # noqa: S311 — the same
        return Visitor(provider, own, self._agencies, self._language)


class Visitor:
    """One citizen of the crowd, who comes by `provider`."""

    def __init__(self, provider: str, chance: random.Random, agencies: Sequence[Agency], language: str) -> None:
        self.provider = provider
        self._random = chance
        self._agencies = agencies
        self._language = language

    def phone(self) -> str:
        """A mobile number of the country's test-like range."""
        return f"+57300555{self._random.randrange(10_000):04d}"

    def chat(self) -> int:
        """A Telegram user's id."""
        return 7_000_000_000 + self._random.randrange(100_000)

    def name(self) -> str:
        """What they are called."""
        return self._random.choice(_NAMES)

    def question(self) -> str:
        """What they ask."""
        agency = self._random.choice(self._agencies)
        asked = self._random.choice(_QUESTIONS).format(self._subject(agency))
        if agency.keywords and self._random.randrange(100) < _KEYWORD:
            asked = f"{agency.keywords[0]} {asked}"
        else:
            asked = f"{self._random.choice(_GREETINGS)} {asked}".strip()
        return _without_accents(asked) if self._random.randrange(100) < _PLAIN else asked

    def _subject(self, agency: Agency) -> str:
        topic = self._random.choice(agency.topics)
        return self._random.choice(topic.phrases or (topic.label[self._language].lower(),))

    def press(self, screen: str) -> str | None:
        """The option a person chooses on a session's screen; None when it asks for words."""
        options = [digits for digits in _OPTION.findall(screen) if digits not in ("0", MORE)]
        return self._random.choice(options) if options else None


def _without_accents(text: str) -> str:
    """As most people type: no accents and no opening marks."""
    folded = unicodedata.normalize("NFD", text)
    return "".join(c for c in folded if unicodedata.category(c) != "Mn" and c not in "¿¡")
