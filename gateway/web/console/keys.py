"""The console's shortcuts: the one table that the help shows and that the browser's script reads off it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is pressed (one key, or `g` and then a letter) and what it does. `goes` is a built-in view to go to.

    The words are those of `keys.<does>` in the locale files, or the view's own.
    """

    press: str
    does: str
    goes: str = ""


KEYS: Final = (
    Key(press="j", does="next"),
    Key(press="k", does="previous"),
    Key(press="Enter", does="open"),
    Key(press="x", does="tick"),
    Key(press="r", does="reply"),
    Key(press="n", does="note"),
    Key(press="a", does="assign"),
    Key(press="t", does="transfer"),
    Key(press="e", does="close_case"),
    Key(press="u", does="back"),
    Key(press="/", does="search"),
    Key(press="?", does="help"),
    Key(press="g m", does="go", goes="mine"),
    Key(press="g u", does="go", goes="unassigned"),
    Key(press="g a", does="go", goes="open"),
    Key(press="g o", does="go", goes="overdue"),
    Key(press="g t", does="go", goes="today"),
    Key(press="g w", does="go", goes="waiting"),
    Key(press="g f", does="go", goes="failed"),
    Key(press="g e", does="go", goes="ended"),
    Key(press="g n", does="take_next"),
)
