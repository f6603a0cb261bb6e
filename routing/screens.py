"""Laying a menu out on screens: numbered lines, "9. Más", "0. Atrás", and never more than the network carries.

An option is never cut and never more than eight stand on a page, so one key always answers. A heading that is too
long runs over several pages before its options. What fits is asked of the channel, because counting GSM-7 and UCS-2
is its trade.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

MORE, BACK = "9", "0"
_PER_PAGE = 8
_ELLIPSIS = "..."  # three full stops are in GSM-7, the single character is not


@dataclass(frozen=True, slots=True)
class Budget:
    """What one screen can carry. `fits` says whether a text does; `fold` is what the channel does to a text first."""

    fits: Callable[[str], bool]
    fold: Callable[[str], str] = str


UNLIMITED = Budget(fits=lambda _: True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One screen. `first` is the place of its first label among all; `more` and `back` are the keys it offers."""

    heading: str
    labels: tuple[str, ...] = ()
    first: int = 0
    more: str | None = None
    back: str | None = None

    def options(self) -> tuple[tuple[str, str], ...]:
        """Every key with its label, the numbered ones first."""
        numbered = [(str(number), label) for number, label in enumerate(self.labels, start=1)]
        moves = [(key, label) for key, label in ((MORE, self.more), (BACK, self.back)) if label is not None]
        return (*numbered, *moves)

    def text(self, *, hint: str = "") -> str:
        """The screen as it is read."""
        head = [part for part in (hint, self.heading) if part]
        return "\n".join([*head, *(f"{key}. {label}" for key, label in self.options())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What holds for all pages of a screen: the words of its moves, whether one can go back, whether it ends."""

    budget: Budget
    more: str
    back: str
    can_go_back: bool
    ends: bool = False

    def fits(self, page: Page) -> bool:
        """Whether the network carries the page, as the channel will send it."""
        return self.budget.fits(self.budget.fold(page.text()))

    def page(self, heading: str, labels: Sequence[str], *, at: int, first: int, more: bool) -> Page:
        """The page number `at` (from 0) with this heading and these labels."""
        back = (at > 0 or self.can_go_back) and (more or not self.ends)
        return Page(
            heading=heading,
            labels=tuple(labels),
            first=first,
            more=self.more if more else None,
            back=self.back if back else None,
        )

    def shown(self, page: Page, *, hint: str) -> str:
        """The page's text; a hint is put before the heading, or in its place where there is no room for both."""
        if hint:
            for hinted in (page.text(hint=hint), replace(page, heading=hint).text()):
                if self.budget.fits(self.budget.fold(hinted)):
                    return self.budget.fold(hinted)
        return self.budget.fold(page.text())


def paginate(heading: str, labels: Sequence[str], frame: Frame) -> list[Page]:
    """The pages of a screen: at least one."""
    pages: list[Page] = []
    rest, first = heading.strip(), 0
    while rest or first < len(labels) or not pages:
        page = _with_options(rest, labels, frame, at=len(pages), first=first)
        if page is not None:
            rest, first = "", first + len(page.labels)
        elif rest:
            page, rest = _heading_only(rest, frame, at=len(pages), first=first)
        else:
            page, first = _shortened(labels, frame, at=len(pages), first=first), first + 1
        pages.append(page)
    return pages


def abridged(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of a text that fits, with an ellipsis where something was left out."""
    if fits(text):
        return text
    return text[: _longest(len(text), lambda length: fits(text[:length].rstrip() + _ELLIPSIS))].rstrip() + _ELLIPSIS


def _with_options(heading: str, labels: Sequence[str], frame: Frame, *, at: int, first: int) -> Page | None:
    """The page with as many options as fit; None when not even one does, or the heading alone does not."""
    remaining = len(labels) - first
    for count in range(min(_PER_PAGE, remaining), 0 if remaining else -1, -1):
        shown = labels[first : first + count]
        page = frame.page(heading, shown, at=at, first=first, more=count < remaining)
        if frame.fits(page):
            return page
    return None


def _heading_only(heading: str, frame: Frame, *, at: int, first: int) -> tuple[Page, str]:
    """A page with as much of the heading as fits, and the rest of it."""

    def page(length: int) -> Page:
        return frame.page(heading[:length].rstrip(), (), at=at, first=first, more=True)

    length = max(1, _longest(len(heading), lambda length: frame.fits(page(length))))
    if length < len(heading) and not heading[length].isspace():
        line, space = heading.rfind("\n", 0, length), heading.rfind(" ", 0, length)
        length = line if line > length // 2 else max(line, space, 0) or length
    return page(length), heading[length:].lstrip()


def _shortened(labels: Sequence[str], frame: Frame, *, at: int, first: int) -> Page:
    """A page with one label that fits nowhere: the network would cut it anyway, so its beginning is shown."""
    more = first + 1 < len(labels)

    def page(label: str) -> Page:
        return frame.page("", (label,), at=at, first=first, more=more)

    return page(abridged(labels[first], lambda label: frame.fits(page(label))))


def _longest(limit: int, fits: Callable[[int], bool]) -> int:
    """The greatest length up to `limit` that fits, by halving; 0 when none does."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
