"""The system's Chromium, started once for all tests of a process; every page has a context of its own."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

# The marks of a test that asks for `browser`. It runs in the loop in which the browser was started.
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: the pages were NOT tried in a browser"),
    pytest.mark.asyncio(loop_scope="session"),
]


@asynccontextmanager
async def chromium() -> AsyncIterator["Browser"]:
    """The browser, running."""
    from playwright.async_api import async_playwright, expect  # most runs need none

    # What must come comes: a machine with other things to do is no fault of the page.
    expect.set_options(timeout=20_000)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()
