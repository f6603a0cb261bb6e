"""`python -m gateway`: the `ventanilla` command."""

from gateway.cli import main

main()
