"""What the person who started the gateway reads."""

import click

from gateway.first_start import trial_logins
from gateway.gateway import Gateway


def show(gateway: Gateway) -> None:
    """Print where everything is, and who may log in during a trial."""
    settings = gateway.settings
    internal = settings.internal_listen.local_url
    click.echo(f"Ventanilla serves {len(gateway.current().catalog.agencies)} agencies")
    click.echo(f"  public     {settings.public_url}")
    click.echo(f"  internal   {internal}")
    if gateway.simulated:
        click.echo(f"  simulator  {internal}/simulator")
    for login, password in trial_logins(settings).items():
        click.echo(f"  log in as  {login}  {password}")
    if gateway.simulated:
        click.echo(_simulated(gateway))


def _simulated(gateway: Gateway) -> str:
    channels = gateway.current().catalog.gateway.channels
    needed = {c.provider for c in channels.values() if c.provider != "web"}
    if needed <= gateway.settings.simulated:
        return "providers are simulated: no credentials are set"
    names = sorted(name for name, c in channels.items() if c.provider in gateway.settings.simulated)
    return f"simulated for want of credentials: {', '.join(names)}"
