"""What is derived from a catalog once, and kept as long as that catalog is in use."""

from collections.abc import Callable
from typing import TypeVar

from routing.catalog import Catalog

Derived = TypeVar("Derived")

# The current catalog, the one it is just replacing, and those by which clocks were counted in the years just read.
_KEPT = 24


def per_catalog(build: Callable[[Catalog], Derived]) -> Callable[[Catalog], Derived]:
    """Remember `build(catalog)` by the catalog's identity: catalogs are replaced as a whole, never changed."""
    kept: dict[int, tuple[Catalog, Derived]] = {}

    def derived(catalog: Catalog) -> Derived:
        found = kept.get(id(catalog))
        # The entry holds its catalog, so an id in here cannot have been given to another one.
        if found is not None:
            return found[1]
        while len(kept) >= _KEPT:
            kept.pop(next(iter(kept)), None)
        value = build(catalog)
        kept[id(catalog)] = (catalog, value)
        return value

    return derived
