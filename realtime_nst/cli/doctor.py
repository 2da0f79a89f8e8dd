"""`realtime-nst doctor`: check whether this machine has everything that the program needs."""

from __future__ import annotations

import click

from ..errors import RunError


@click.command()
def doctor() -> None:
    """Check this machine: libraries, display, cameras, models.

    Each line says what was found, and what to do if something is missing. The report can be pasted into an issue: it
    holds no private paths. The exit code is 1 if there is a problem.
    """
    from ..doctor import State, diagnose

    colors = {State.GOOD: "green", State.NOTE: "yellow", State.PROBLEM: "red"}
    problems = 0
    for finding in diagnose():
        problems += finding.state is State.PROBLEM
        state = click.style(f"{finding.state.value:<8}", fg=colors[finding.state])
        click.echo(f"{state}{finding.topic:<22}{finding.detail}")
        if finding.advice:
            click.echo(f"{'':<30}-> {finding.advice}")
    if problems:
        raise RunError(f"{problems} {'problem was' if problems == 1 else 'problems were'} found; see above")
