"""Walking a menu: one step per input, for a USSD handset's screens and for Telegram's buttons alike.

The state is all there is: a session can be dropped, resumed on another process, or repeated, and the same state and
input give the same screen. Nothing typed can raise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routing.catalog import Catalog, Menu, MenuNode
from routing.menu_state import Facts, MenuState, Stage, Step, Submitted
from routing.screens import BACK, MORE, UNLIMITED, Budget, Frame, Page, abridged, paginate
from routing.words import fold

__all__ = ["Budget", "MenuState", "Step", "Submitted", "press", "step"]


def step(
    menu: Menu,
    catalog: Catalog,
    state: MenuState | None,
    typed: str | None,
    *,
    budget: Budget | None = None,
    draft: "str | MenuState | None" = None,
    cases: Sequence[str] = (),
) -> Step:
    """The screen after an input; `typed` is None for the first screen, or to see the present one again.

    `draft` is what a dropped session left: its text, or better its whole state, which also brings back what had been
    chosen. It is offered before anything else, once. `cases` are lines to show at a `cases` node.
    """
    walk = _Walk(menu, catalog, budget=budget or UNLIMITED, draft=draft, cases=cases)
    if state is None or not walk.knows(state):
        state = walk.begin(state)
    return walk.show(state) if typed is None else walk.answer(state, typed)


def press(menu: Menu, catalog: Catalog, state: MenuState, key: str) -> Step:
    """The step after a button was pressed: its key is what a handset would have typed."""
    return step(menu, catalog, state, key)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A line that can be chosen: the facts it fixes and where it leads."""

    label: str
    goto: str
    facts: Facts = ()


class _Walk:
    """One step through one menu."""

    def __init__(
        self,
        menu: Menu,
        catalog: Catalog,
        *,
        budget: Budget,
        draft: str | MenuState | None,
        cases: Sequence[str],
    ) -> None:
        self.menu, self.catalog, self.budget, self.cases = menu, catalog, budget, cases
        self.nodes = {node.key: node for node in menu.nodes}
        self.kept = draft

    def knows(self, state: MenuState) -> bool:
        """Whether the state is of this menu: the configuration may have been replaced since."""
        return state.node in self.nodes and all(key in self.nodes for key, _, _ in state.back)

    # Beginning

    def begin(self, lost: MenuState | None) -> MenuState:
        """The first screen: the kept draft, if there is one, else the start of the menu."""
        language = lost.language if lost else self.catalog.default_language
        if isinstance(self.kept, MenuState):
            language = self.kept.language
            if self.kept.draft and self.knows(self.kept):
                return replace(self.kept, stage=Stage.OFFER_FIRST, offered=True, page=0)
        text = self.kept.draft if isinstance(self.kept, MenuState) else self.kept
        question = next((node.key for node in self.menu.nodes if node.kind == "question"), None)
        state = MenuState.start(self.menu, language=language)
        if not text or question is None:
            return self._enter(state, self.menu.start)
        return replace(state, node=question, draft=text, stage=Stage.OFFER_FIRST, offered=True)

    # Showing

    def show(self, state: MenuState, *, hint: bool = False) -> Step:
        """The screen of a state."""
        node = self.nodes[state.node]
        if node.kind == "cases" and state.lines is None:
            state = replace(state, lines=tuple(self.cases))
        pages, frame = self._pages(state)
        at = min(max(state.page, 0), len(pages) - 1)
        final = frame.ends and at == len(pages) - 1
        text = frame.shown(pages[at], hint=self._say(state, "menu_hint") if hint else "")
        after = MenuState.start(self.menu, language=state.language) if final else replace(state, page=at)
        return Step(state=after, text=text, options=pages[at].options(), final=final)

    def _pages(self, state: MenuState) -> tuple[list[Page], Frame]:
        node = self.nodes[state.node]
        talking = state.stage is not Stage.SHOWN
        frame = Frame(
            budget=self.budget,
            more=self._say(state, "menu_more"),
            back=self._say(state, "menu_back"),
            can_go_back=bool(state.back) and not talking,
            ends=node.kind == "text" or (node.kind == "cases" and not state.back),
        )
        labels = [choice.label for choice in self._choices(state)]
        return paginate(self._heading(state, labels, frame), labels, frame), frame

    def _heading(self, state: MenuState, labels: Sequence[str], frame: Frame) -> str:
        node = self.nodes[state.node]
        if state.stage is Stage.SHOWN:
            return "\n".join([self._in(node.text, state.language), *(state.lines or ())])
        key = "menu_confirm" if state.stage is Stage.CONFIRM else "menu_draft"

        def said(text: str) -> str:
            return self._say(state, key).replace("{text}", text)

        def fits(text: str) -> bool:
            return frame.fits(frame.page(said(text), labels, at=0, first=0, more=False))

        return said(abridged(state.draft, fits))

    def _choices(self, state: MenuState) -> tuple[_Choice, ...]:
        """The numbered lines of a state's screen."""
        if state.stage is Stage.SHOWN:
            return self._of_node(self.nodes[state.node], state)
        keys = (
            ("menu_send", "menu_continue") if state.stage is Stage.CONFIRM else ("menu_draft_keep", "menu_draft_drop")
        )
        return tuple(_Choice(self._say(state, key), key) for key in keys)

    def _of_node(self, node: MenuNode, state: MenuState) -> tuple[_Choice, ...]:
        goto = node.goto or self.menu.start
        if node.kind == "choose":
            return tuple(
                _Choice(self._in(option.label, state.language), option.goto, tuple(option.set.items()))
                for option in node.options
            )
        agencies = self.catalog.agencies
        if node.kind == "agencies":
            keys = [key for key in node.agencies or agencies if key in agencies]
            return tuple(_Choice(agencies[key].short, goto, (("agency", key),)) for key in keys)
        agency = agencies.get(dict(state.facts).get("agency", "")) if node.kind == "topics" else None
        if agency is None:
            return ()
        return tuple(
            _Choice(self._in(topic.label, state.language), goto, (("topic", f"{agency.key}.{topic.key}"),))
            for topic in agency.topics
        )

    # Answering

    def answer(self, state: MenuState, typed: str) -> Step:
        """The screen after an input at a state's screen."""
        if self.nodes[state.node].kind == "cases" and state.lines is None:
            return self._arrived(state)
        pages, _ = self._pages(state)
        page = pages[min(max(state.page, 0), len(pages) - 1)]
        key = fold(typed).strip().rstrip(".)").strip()
        if key == MORE and page.more is not None:
            return self.show(replace(state, page=state.page + 1))
        if key == BACK and page.back is not None:
            return self._back(state)
        if state.stage is Stage.SHOWN and self.nodes[state.node].kind == "question":
            return self._wrote(state, typed)
        chosen = self._chosen(state, page, key)
        return self.show(state, hint=True) if chosen is None else self._follow(state, chosen)

    def _chosen(self, state: MenuState, page: Page, key: str) -> _Choice | None:
        """The line that was chosen: by its key on this page, or by its label written out."""
        choices = self._choices(state)
        if len(key) == 1 and key in "12345678" and int(key) <= len(page.labels):
            return choices[page.first + int(key) - 1]
        return next((choice for choice in choices if key and fold(choice.label).strip() == key), None)

    def _follow(self, state: MenuState, choice: _Choice) -> Step:
        if state.stage is Stage.CONFIRM:
            return self._submit(state) if choice.goto == "menu_send" else self.show(_asking(state))
        if state.stage in (Stage.OFFER, Stage.OFFER_FIRST):
            return self.show(self._decided(state, keep=choice.goto == "menu_draft_keep"))
        facts = {**dict(state.facts), **dict(choice.facts)}
        if "agency" in dict(choice.facts) and "topic" not in dict(choice.facts):
            facts.pop("topic", None)
        language = facts.pop("language", state.language)
        onward = replace(state, language=language)
        return self._arrived(self._enter(onward, choice.goto, facts=tuple(facts.items())))

    def _decided(self, state: MenuState, *, keep: bool) -> MenuState:
        if keep:
            return replace(state, stage=Stage.CONFIRM, page=0)
        if state.stage is Stage.OFFER:
            return _asking(replace(state, draft=""))
        start = replace(MenuState.start(self.menu, language=state.language), offered=True)
        return self._enter(start, self.menu.start)

    def _wrote(self, state: MenuState, typed: str) -> Step:
        """What was typed at a question joins what was typed before."""
        said = typed.strip()
        if not said:
            return self.show(state, hint=True)
        draft = f"{state.draft} {said}" if state.draft else said
        return self.show(replace(state, draft=draft, stage=Stage.CONFIRM, page=0))

    def _submit(self, state: MenuState) -> Step:
        facts = (("language", state.language), *state.facts)
        after = MenuState.start(self.menu, language=state.language)
        return Step(state=after, final=True, submit=Submitted(state.draft, facts))

    # Moving

    def _back(self, state: MenuState) -> Step:
        if state.page > 0:
            return self.show(replace(state, page=state.page - 1))
        *rest, (node, page, facts) = state.back
        return self._arrived(
            replace(state, node=node, page=page, facts=facts, back=tuple(rest), lines=None, stage=Stage.SHOWN)
        )

    def _arrived(self, state: MenuState) -> Step:
        """The screen of a node just reached; the cases must be fetched before they can be shown."""
        if self.nodes[state.node].kind == "cases" and not self.cases and state.lines is None:
            return Step(state=state, wants="cases")
        return self.show(state)

    def _enter(self, state: MenuState, key: str, *, facts: Facts | None = None) -> MenuState:
        """The state at a node, past any list that would be empty."""
        passed = [entry[0] for entry in state.back]
        back = (*state.back, (state.node, state.page, state.facts)) if key != state.node else state.back
        # Coming back to a node already passed is going back to it: the way does not grow for ever.
        back = back[: passed.index(key)] if key in passed else back
        facts = state.facts if facts is None else facts
        there = replace(state, node=key, page=0, facts=facts, back=back, lines=None, stage=Stage.SHOWN)
        return self._at_question(self._past_empty(there))

    def _past_empty(self, state: MenuState) -> MenuState:
        for _ in self.nodes:
            node = self.nodes.get(state.node) or self.nodes[self.menu.start]
            if node.kind not in ("agencies", "topics") or self._of_node(node, state):
                return replace(state, node=node.key)
            state = replace(state, node=node.goto or self.menu.start)
        return replace(state, node=self.menu.start)

    def _at_question(self, state: MenuState) -> MenuState:
        if self.nodes[state.node].kind != "question":
            return state
        if state.draft:
            return replace(state, stage=Stage.CONFIRM)
        text = self.kept.draft if isinstance(self.kept, MenuState) else self.kept
        if text and not state.offered:
            return replace(state, draft=text, stage=Stage.OFFER, offered=True)
        return state

    # Words

    def _say(self, state: MenuState, key: str) -> str:
        return self.catalog.say(key, state.language)

    def _in(self, said: dict[str, str], language: str) -> str:
        return said.get(language) or said.get(self.catalog.default_language) or next(iter(said.values()), "")


def _asking(state: MenuState) -> MenuState:
    return replace(state, stage=Stage.SHOWN, page=0)
