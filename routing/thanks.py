"""Messages that only say thanks: they answer nothing, ask nothing, and start no clock."""

from channels.message import InboundMessage
from routing.catalog import Catalog
from routing.per_catalog import per_catalog
from routing.words import fold, words, words_of_folded

# "Muchas gracias, que Dios le pague, muy amable" is thanks; a longer text has something else to say. In words.
_LONGEST_THANKS = 12
# A hand, a heart, a smile, with their skin tones and variation selectors: what people send in place of the word.
_HANDS_AND_HEARTS = frozenset("🙏👍👌🤝👏❤💙💚💛🧡💜🤍😊🙂☺😀😃😄🥰😍🤗\ufe0f\u200d🏻🏼🏽🏾🏿")
# What stands around them; the colon of "20260000015: 👍" among it, when the number has been read.
_PUNCTUATION = frozenset("!¡.,:;-… \n")


def only_thanks(message: InboundMessage, text: str, catalog: Catalog) -> bool:
    """Whether `text`, the message's text or what is left of it, says thanks in any language and nothing more."""
    if message.attachments or message.location is not None:
        return False
    said = words_of_folded(fold(text))
    if not said:
        shown = set(text) - _PUNCTUATION
        return bool(shown) and shown <= _HANDS_AND_HEARTS
    return len(said) <= _LONGEST_THANKS and _made_of(tuple(said), _phrases(catalog))


def _made_of(said: tuple[str, ...], phrases: frozenset[tuple[str, ...]]) -> bool:
    """Whether these words are phrases of thanks, one after the other."""
    if not said:
        return True
    ends = (end for end in range(len(said), 0, -1) if said[:end] in phrases)
    return any(_made_of(said[end:], phrases) for end in ends)


@per_catalog
def _phrases(catalog: Catalog) -> frozenset[tuple[str, ...]]:
    spelled = (words(phrase) for texts in catalog.texts.values() for phrase in texts.thanks)
    return frozenset(phrase for phrase in spelled if phrase)
