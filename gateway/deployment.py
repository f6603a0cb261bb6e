"""The configuration in force, replaced as a whole when an operator says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.catalog.file import load
from routing.catalog import Catalog
from routing.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Deployment:
    """A catalog and what is compiled from it."""

    catalog: Catalog
    rules: RuleSet

    @classmethod
    def of(cls, catalog: Catalog) -> "Deployment":
        """Compile a catalog's rules."""
        return cls(catalog, RuleSet.of(catalog))

    @classmethod
    def load(cls, directory: Path) -> "Deployment":
        """Read `directory`. CatalogFaults lists everything that is wrong in it."""
        return cls.of(load(directory))

    def worded(self, own_texts: Mapping[tuple[str, str, str], str]) -> "Deployment":
        """The same with the texts that agencies word in their own way, by agency, language and name."""
        return replace(self, catalog=self.catalog.model_copy(update={"own_texts": own_texts}))

    def counting(self, catalog: Catalog) -> "Deployment":
        """The same by a catalog that knows what clocks were counted by before (`gateway.timekeeping.almanac`)."""
        return replace(self, catalog=catalog)


# What the rest of the gateway holds: ask it each time, so that a reload reaches everybody at once.
Current = Callable[[], Deployment]
