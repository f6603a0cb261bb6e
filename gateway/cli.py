"""The `ventanilla` command."""

import asyncio
import os
import sys

import click

from gateway import log as logging
from gateway import settings as environment
from gateway.catalog_file import CatalogFaults
from gateway.errors import GatewayError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ventanilla")
def main() -> None:
    """The gateway through which citizens text their government and get an answer in time."""


def read_settings() -> environment.Settings:
    """The environment, or a sentence and exit code 2."""
    try:
        return environment.read(os.environ)
    except GatewayError as fault:
        click.echo(f"ventanilla: {fault}", err=True)
        sys.exit(2)


@main.command()
def serve() -> None:
    """Serve webhooks, citizens' pages, console and API until Ctrl-C.

    Everything it needs is made at the first start. Without credentials of a provider, that provider is simulated:
    see the simulator page on the internal listener.
    """
    from gateway import app, banner

    settings = read_settings()
    logging.configure(settings.log_format)
    try:
        _run(app.serve(settings, started=banner.show))
    except (GatewayError, CatalogFaults, OSError) as fault:
        click.echo(f"ventanilla: {fault}", err=True)
        sys.exit(1)


def _run(work: object) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)  # type: ignore[arg-type]
    else:
        uvloop.run(work)  # type: ignore[arg-type]
