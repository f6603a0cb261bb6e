"""The `ventanilla` command.

Modules of commands import what they need when they run, so that `ventanilla --help` answers at once.
"""

import asyncio
import sys

import click

from gateway.cli.absence import absent, back
from gateway.cli.clocks import clocks
from gateway.cli.config import check_config, migrate, route
from gateway.cli.demo import demo_data
from gateway.cli.due import due
from gateway.cli.environment import read_settings
from gateway.cli.import_cases import import_cases
from gateway.cli.replay import replay
from gateway.cli.report import report
from gateway.cli.search import reindex
from gateway.cli.simulate import simulate
from gateway.cli.staff import staff
from gateway.cli.token import token
from gateway.cli.verify import verify
from gateway.errors import GatewayError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ventanilla")
def main() -> None:
    """The gateway through which citizens text their government and get an answer in time.

    The environment says where things are (VENTANILLA_DATABASE_URL, VENTANILLA_CONFIG_DIR, …) and holds the secrets;
    see docs/configuration.md. Without any, everything lies below ./var and the providers are simulated.

    \b
      ventanilla serve                       start it
      ventanilla check-config                is the configuration right?
      ventanilla route "SENA cursos" --channel sms
      ventanilla simulate                    citizens, while it serves
    """


@main.command()
def serve() -> None:
    """Serve webhooks, citizens' pages, console and API until Ctrl-C.

    Everything it needs is made at the first start. Without credentials of a provider, that provider is simulated:
    see the simulator page on the internal listener.
    """
    from gateway import app, banner
    from gateway import log as logging
    from gateway.catalog.file import CatalogFaults

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


for _command in (
    check_config,
    migrate,
    staff,
    token,
    route,
    due,
    import_cases,
    clocks,
    replay,
    simulate,
    reindex,
    report,
    verify,
    demo_data,
):
    main.add_command(_command)
for _command in (absent, back):
    staff.add_command(_command)
