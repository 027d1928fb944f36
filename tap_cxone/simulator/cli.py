"""Command line of `cxone-simulator`."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tap_cxone.simulator.process import run_command
from tap_cxone.simulator.registry import Options
from tap_cxone.simulator.settings import ALL_FAMILIES, environment, tap_settings
from tap_cxone.simulator.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., Any]")


_TENANT_OPTIONS: tuple[tuple[str, click.ParamType[Any], str], ...] = (
    ("exports_per_day", click.IntRange(min=0), "Exports in 24 hours, if limited; 0 is no limit."),
    ("job_seconds", click.FloatRange(min=0), "Duration of a job in seconds."),
    ("rows_per_day", click.IntRange(min=0), "Rows of each entity per day."),
    ("seed", click.INT, "Seed of the generated data."),
    (
        "speed",
        click.FloatRange(min=0, min_open=True),
        "Divide every waiting time of the API by this factor.",
    ),
)


def _tenant_options(command: _Command) -> _Command:
    """Return the command with the options of the simulated tenant."""
    for name, kind, text in _TENANT_OPTIONS:
        default = getattr(Options(), name)
        flag = f"--{name.replace('_', '-')}"
        option = click.option(flag, type=kind, default=default, show_default=True, help=text)
        command = option(command)
    return command


def _options(option_values: dict[str, Any]) -> Options:
    return Options(**option_values | {"exports_per_day": option_values["exports_per_day"] or None})


def _settings(simulator: Simulator, options: Options) -> dict[str, Any]:
    """Return the tap's settings for all families, including their limits."""
    settings = tap_settings(simulator.url, options.speed, families=ALL_FAMILIES)
    for family in simulator.backend.families:
        if limits := family.limit_settings():
            settings[family.name] = settings.get(family.name, {}) | limits
    return settings


def _simulator(options: Options, host: str, port: int) -> Simulator:
    """Return a simulator that listens there."""
    try:
        return Simulator(options, host=host, port=port)
    except OSError as error:
        msg = f"cannot listen at {host}:{port}: {error.strerror}"
        raise click.ClickException(msg) from None


@click.group()
def main() -> None:
    """Simulate the NICE CXone APIs on this machine, without an account."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port", type=int, default=8080, show_default=True, help="Port to bind; 0 selects a free port."
)
@_tenant_options
def serve(host: str, port: int, **option_values: Any) -> None:
    """Serve requests until Ctrl-C."""
    options = _options(option_values)
    simulator = _simulator(options, host, port)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with simulator:
        settings = _settings(simulator, options)
        click.echo(f"CXone simulator at {simulator.url}")
        click.echo(f"access key id      {settings['access_key_id']}")
        click.echo(f"access key secret  {settings['access_key_secret']}")
        click.echo(f"client id          {settings['client_id']}")
        click.echo(f"client secret      {settings['client_secret']}")
        click.echo("The tap's config:")
        click.echo(json.dumps(settings, indent=2))
        stopped.wait()


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--port",
    type=int,
    default=0,
    show_default=True,
    help="Port to bind; 0 selects a free port. The state of a run is valid only at its port.",
)
@_tenant_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(
    context: click.Context, /, port: int, command: tuple[str, ...], **option_values: Any
) -> None:
    """Run COMMAND with a simulator and the tap's settings in its environment."""
    options = _options(option_values)
    with _simulator(options, "127.0.0.1", port) as simulator:
        settings = _settings(simulator, options)
        code = run_command(command, environment(settings))
    context.exit(code)
