"""Tables as CSV, for spreadsheets: streamed, and with no cell that a spreadsheet would calculate."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiohttp import web

# A cell that begins so is a formula to a spreadsheet (CWE-1236).
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as text; one that would be calculated gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_ACTIVE) else text


def line(values: Sequence[object]) -> str:
    """One row, with its line end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([cell(value) for value in values])
    return buffer.getvalue()


async def stream(
    request: web.Request, name: str, head: Sequence[str], blocks: AsyncIterator[Sequence[Sequence[object]]]
) -> web.StreamResponse:
    """Send a file of that name, a block of rows at a time, however many there are."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    # Excel reads UTF-8 only after this mark.
    await response.write(("\ufeff" + line(head)).encode())
    async for block in blocks:
        await response.write("".join(line(row) for row in block).encode("utf-8", "replace"))
    await response.write_eof()
    return response
