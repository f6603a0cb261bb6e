"""`ventanilla import-cases`: the past of an agency, so that it is scored with the rest."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.environment import fail, read_deployment, read_settings, with_store

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.importing.past import Survey
    from gateway.importing.row import Fault
    from gateway.importing.writing import Done
    from gateway.store.engine import Store
    from routing.catalog import Catalog

# Cases between two lines of progress.
_TELL_EVERY = 25_000


@click.command("import-cases")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="check the file and write nothing; the database is not opened")
@click.option("--json", "as_json", is_flag=True, help="print JSON: faults, ok, rows, imported, already")
def import_cases(file: Path, dry_run: bool, as_json: bool) -> None:
    """Import cases of the past from a CSV FILE, with their true dates, so that reports count them by the terms of then.

    Columns: received, class, agency, channel; and where they are known: answered, suspended, resumed, extended,
    transferred, number, territory, external_id. Instants are ISO 8601; one without an offset is local.

    Every fault is printed as file:line: what is wrong, all at once; with one, nothing is imported (exit code 1). The
    same file twice imports nothing twice: a row is known by its external_id, or by the file's name and its line.
    Nothing is sent to anybody.

    \b
      received,class,agency,channel,answered,transferred,extended
      2021-02-01T09:00,general,sena,web,2021-03-10T11:00,,
      2021-02-01T09:00,general,sena,web,2021-03-30T11:00,dian@2021-02-04T08:00,60@2021-03-01T08:00
    \b
      ventanilla import-cases 2021.csv --dry-run
    """
    from gateway.clock import now
    from gateway.importing.past import survey

    if not file.is_file():
        fail(f"there is no file {file}", code=2)
    settings = read_settings()
    catalog, at = read_deployment(settings).catalog, now()
    faults = _Faults(as_json=as_json)
    surveyed = survey(file, catalog, now=at, tell=faults.tell)
    if faults.count or dry_run:
        faults.end(ok=not faults.count, rows=surveyed.rows)
        sys.exit(1 if faults.count else 0)

    async def work(store: Store) -> Done | None:
        return await _work(store, file, catalog, surveyed, now=at, faults=faults)

    done = with_store(work, settings)
    if done is None:
        faults.end(ok=False, rows=surveyed.rows)
        sys.exit(1)
    faults.end(ok=True, rows=surveyed.rows, imported=done.imported, already=done.already)


async def _work(
    store: Store, file: Path, catalog: Catalog, surveyed: Survey, *, now: datetime, faults: _Faults
) -> Done | None:
    from gateway.importing.writing import clashes, take_in
    from gateway.timekeeping import almanac

    for fault in await clashes(store, file, catalog, surveyed, now=now):
        faults.tell(fault)
    if faults.count:
        return None
    catalog = await almanac.keep(store, catalog)
    told = 0

    def progress(done: Done) -> None:
        nonlocal told
        if done.imported + done.already >= told + _TELL_EVERY:
            told = done.imported + done.already
            click.echo(f"{told} of {surveyed.rows}", err=True)

    return await take_in(store, file, catalog, surveyed, now=now, progress=progress)


class _Faults:
    """Prints faults as they are found, so that a file full of them is not held in memory."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.count = 0

    def tell(self, fault: Fault) -> None:
        """One more fault."""
        if self._as_json:
            said = {"file": fault.file, "line": fault.line, "message": fault.message}
            click.echo(("," if self.count else '{"faults": [') + json.dumps(said, ensure_ascii=False), nl=False)
        else:
            click.echo(str(fault), err=True)
        self.count += 1

    def end(self, *, ok: bool, rows: int, imported: int = 0, already: int = 0) -> None:
        """What came of it all."""
        counts: dict[str, Any] = {"ok": ok, "rows": rows, "imported": imported, "already": already}
        if self._as_json:
            rest = json.dumps(counts)[1:]
            click.echo(("" if self.count else '{"faults": [') + f"], {rest}")
        elif ok:
            click.echo(f"{rows} good rows, {imported} imported, {already} imported before")
        else:
            click.echo(f"nothing was imported: {self.count} fault(s), {rows} good rows", err=True)
