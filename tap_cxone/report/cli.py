"""Command line of `cxone-report`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from tap_cxone.report.log_parser import Log, NotAnAuditLog, merge_logs, parse_log

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("logs", metavar="AUDIT...", nargs=-1, required=True, type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    default="-",
    help="The page to write; the default and - are standard output.",
)
def main(logs: Sequence[BinaryIO], output: str) -> None:
    """Show audit logs of tap-cxone (audit_log_path) as one HTML page.

    The page shows complete days, rows per day, waits for jobs, failures and runs. Several logs are
    merged; - is standard input. The page needs no network.
    """
    if any(_is_same_file(log.name, output) for log in logs):
        msg = f"{output} is the audit log itself; set another file with -o"
        raise click.UsageError(msg)
    page = _render_page(_read_logs(logs))
    with click.open_file(output, "wb") as file:
        file.write(page.encode())


def _is_same_file(log: str, output: str) -> bool:
    return Path(output).exists() and Path(log).exists() and Path(log).samefile(output)


def _read_logs(logs: Sequence[BinaryIO]) -> Log:
    try:
        return merge_logs(parse_log(log.name, log) for log in logs)
    except NotAnAuditLog as error:
        raise click.UsageError(str(error)) from error


def _render_page(log: Log) -> str:
    if find_spec("jinja2") is None:
        msg = "cxone-report needs Jinja2: pip install 'tap-cxone[report]'"
        raise click.ClickException(msg)
    from tap_cxone.report.page import page  # noqa: PLC0415 (only with the extra `report`)

    return page(log)


if __name__ == "__main__":
    main()
