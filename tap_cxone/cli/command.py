"""The `tap-cxone` command: options, exit codes, and error messages."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, NoReturn, Protocol

import click
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_cxone.cli.plan_report import plan_lines, plans_as_json
from tap_cxone.errors import ConfigError, CXoneError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.cli.connection_test import CheckResult
    from tap_cxone.cli.job_inventory import JobEntry
    from tap_cxone.planning.plan import FamilyPlan

_CONNECTION_TEST_KEY = "tap_cxone.testing"
_TEST_MODES = ("all", "permissions")
_PLAN_HELP = (
    "Print the windows of a run, the quota that it needs and its earliest end. Spends no export. "
    "--plan=json prints them as JSON."
)
_TEST_HELP = (
    "Log in and send each configured API a harmless request. Print one line per check; exit with "
    "code 1 if one fails. Spends no export. --test=permissions also submits a job of one day for "
    "each selected stream whose API counts no exports. --test=schema prints the SCHEMA messages."
)
_SUMMARY_HELP = (
    "Write one JSON line per stream and a last one for the run to this file: whether it is "
    "complete, else when to run again. In place of the setting summary_json."
)
_JOBS_HELP = (
    "Print the jobs that the state, the journal and the lists of the APIs have, and which of them "
    "no run uses (orphan). Spends no export; exits with code 1 if a request fails. --jobs=cancel "
    "ends the orphans whose API can end a job. Schedules that no report uses are printed, never "
    "deleted."
)
_HELP = "Extract the exports of a NICE CXone tenant as Singer messages."


class CommandTap(Protocol):
    """Methods of the tap that the command calls in addition to those that the SDK calls."""

    def plans(self) -> Iterator[FamilyPlan]:
        """Yield one plan per family."""

    def setup_hints(self) -> dict[str, str]:
        """Return the missing settings of each family that is not set up."""

    def connection_checks(self, *, permissions: bool = False) -> Iterator[CheckResult]:
        """Yield the result of each connection check."""

    def list_jobs(self, *, cancel: bool) -> Iterator[JobEntry]:
        """Yield the jobs that state, journal and APIs know; end those that no run uses."""

    def close(self) -> None:
        """Close the files that plans and checks have read."""


class CXoneCommand(SingerCommand):
    """The `tap-cxone` command; it logs expected errors as messages, without a traceback."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        _buffer_standard_output()
        try:
            return super().main(*args, **kwargs)
        except CXoneError as error:
            for line in error.lines():
                self.logger.error(line)  # noqa: TRY400 (expected errors have no traceback)
            sys.exit(error.exit_code)

    def __init__(self, *args: Any, tap_class: Callable[..., CommandTap], **kwargs: Any) -> None:
        """Store the class of the tap that the command runs."""
        super().__init__(*args, **kwargs)
        self._tap_class = tap_class

    @classmethod
    def extend(cls, command: click.Command, tap_class: Callable[..., CommandTap]) -> CXoneCommand:
        """Return a command with the SDK's options, the tap's, and handling of expected errors."""
        return cls(
            name=command.name,
            callback=command.callback,
            context_settings=command.context_settings,
            params=_with_own_options(command.params),
            help=_HELP,
            logger=getattr(command, "logger"),  # noqa: B009 (click.Command declares none, SingerCommand has one)
            tap_class=tap_class,
        )

    @override
    def invoke(self, ctx: click.Context) -> Any:
        _move_summary_option(ctx.params)
        if plan_format := ctx.params.pop("plan", None):
            self._print_plan(ctx, plan_format)
            return None
        if jobs_mode := ctx.params.pop("jobs", None):
            self._print_jobs(ctx, cancel=jobs_mode == "cancel")
        if test_mode := ctx.meta.get(_CONNECTION_TEST_KEY):
            self._print_checks(ctx, permissions=test_mode == "permissions")
        for option in ("state", "catalog"):
            _check_json_option(ctx, option)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            self.logger.error(  # noqa: TRY400 (the cause is in the target)
                "The target closed the pipe; see its log for the reason. The next run continues "
                "from the last state that the target stored"
            )
            _discard_standard_output()
            raise

    def _print_plan(self, ctx: click.Context, plan_format: str) -> None:
        tap = self._new_tap(ctx)
        plans, hints = list(tap.plans()), tap.setup_hints()
        if plan_format == "json":
            click.echo(json.dumps({**plans_as_json(plans), "not_set_up": hints}, indent=2))
            return
        lines = [line for plan in plans for line in plan_lines(plan)]
        for line in lines or ["no stream with windows is selected, so there is no plan"]:
            click.echo(line)
        for family, hint in hints.items():
            click.echo(f"{family}: not set up: {hint}")

    def _print_checks(self, ctx: click.Context, *, permissions: bool) -> NoReturn:
        failed = False
        for result in self._new_tap(ctx).connection_checks(permissions=permissions):
            click.echo(result)
            failed = failed or result.passed is False
        ctx.exit(1 if failed else 0)

    def _print_jobs(self, ctx: click.Context, *, cancel: bool) -> NoReturn:
        failed = False
        for entry in self._new_tap(ctx).list_jobs(cancel=cancel):
            click.echo(entry)
            failed = failed or entry.label == "FAIL"
        ctx.exit(1 if failed else 0)

    def _new_tap(self, ctx: click.Context) -> CommandTap:
        """Return a tap with the settings, state and catalog given on the command line."""
        config = ctx.params.get("config")
        tap = self._tap_class(
            config=config.config if config else None,
            state=_read_json(ctx.params.get("state"), "state"),
            catalog=_read_json(ctx.params.get("catalog"), "catalog"),
            parse_env_config=bool(config and config.parse_env),
        )
        ctx.call_on_close(tap.close)
        return tap


def request_connection_test(ctx: click.Context, value: str) -> bool:
    """Request the connection test for `--test` and `--test=permissions`; return False for others.

    The test runs after all options, such as `--state`, are parsed.
    """
    if value in _TEST_MODES:
        ctx.meta[_CONNECTION_TEST_KEY] = value
    return value in _TEST_MODES


def _move_summary_option(params: dict[str, Any]) -> None:
    """Replace the option --summary-json by the setting of this name."""
    path, config = params.pop("summary_json", None), params.get("config")
    if path and config:
        config.config["summary_json"] = path


def _with_own_options(params: list[click.Parameter]) -> list[click.Parameter]:
    for parameter in params:
        if isinstance(parameter, click.Option) and parameter.name == "test":
            parameter.help = _TEST_HELP
    formats, modes = click.Choice(["text", "json"]), click.Choice(["list", "cancel"])
    return [
        *params,
        click.Option(["--plan"], is_flag=False, flag_value="text", type=formats, help=_PLAN_HELP),
        click.Option(["--jobs"], is_flag=False, flag_value="list", type=modes, help=_JOBS_HELP),
        click.Option(["--summary-json"], type=click.Path(dir_okay=False), help=_SUMMARY_HELP),
    ]


def _read_json(file: IO[str] | None, option: str) -> Any:
    """Return the parsed JSON of a file. Raises `StateError` or `ConfigError` if it is not JSON."""
    try:
        return json.load(file) if file else None
    except ValueError as error:
        msg = f"the file of --{option} is not JSON ({error}); pass the file that the tap wrote"
        raise (StateError(msg) if option == "state" else ConfigError([msg])) from error


def _check_json_option(ctx: click.Context, option: str) -> None:
    """Parse the file of an option in advance; the SDK's error would not name the file."""
    if file := ctx.params.get(option):
        text = file.read()
        _read_json(StringIO(text), option)
        ctx.params[option] = StringIO(text)


def _discard_standard_output() -> None:
    """Send what is still buffered to the null device: writing it to a closed pipe would fail."""
    with contextlib.suppress(OSError):  # standard output may have no file descriptor
        null_device = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null_device, sys.stdout.fileno())
        os.close(null_device)


def _buffer_standard_output() -> None:
    """Buffer standard output if Python does not (`PYTHONUNBUFFERED`, usual in containers).

    A signal can interrupt an unbuffered write, which would emit an incomplete line. The writers
    flush after every message in any case.
    """
    out = getattr(sys.stdout, "buffer", None)
    if isinstance(out, io.RawIOBase):
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(out), encoding="utf-8")
