"""`ventanilla reindex`: the full-text index anew."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gateway.cli.environment import read_settings, with_store

if TYPE_CHECKING:
    from gateway.store.engine import Store


@click.command()
def reindex() -> None:
    """Throw the full-text index away and read every message again, beside a running server or without one.

    Needed after a change of the database behind the gateway's back; a new version of ventanilla does it by itself.
    Until it is done, search finds only what has been read.
    """

    async def work(store: Store) -> int:
        from gateway.search.reader import rebuild

        return await rebuild(store, told=_tell if sys.stderr.isatty() else lambda _: None)

    read = with_store(work, read_settings())
    click.echo(f"{read} messages can be found")


def _tell(read: int) -> None:
    click.echo(f"\r{read} messages", err=True, nl=False)
