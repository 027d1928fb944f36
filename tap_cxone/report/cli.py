"""Command line of `cxone-report`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from tap_cxone.events.log_files import is_folder, read_folder
from tap_cxone.report.log_parser import Log, NotAnAuditLog, merge_logs, parse_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@click.command()
@click.argument("logs", metavar="AUDIT...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    default="-",
    help="The page to write; the default and - are standard output.",
)
def main(logs: Sequence[str], output: str) -> None:
    """Show audit logs of tap-cxone (audit_log_path) as one HTML page.

    The page shows complete days, rows per day, waits for jobs, failures and runs. Several logs are
    merged; - is standard input. A folder, or an address such as s3://bucket/audit, has one log
    for each run. The page needs no network.
    """
    if any(_is_same_file(log, output) for log in logs):
        msg = f"{output} is the audit log itself; set another file with -o"
        raise click.UsageError(msg)
    page = _render_page(_read_logs(logs))
    with click.open_file(output, "wb") as file:
        file.write(page.encode())


def _is_same_file(log: str, output: str) -> bool:
    return Path(output).exists() and Path(log).exists() and Path(log).samefile(output)


def _read_logs(paths: Sequence[str]) -> Log:
    try:
        return merge_logs(parse_log(name, file) for path in paths for name, file in _open(path))
    except (NotAnAuditLog, OSError) as error:
        raise click.UsageError(str(error)) from error


def _open(path: str) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the logs of a path: a file, those of a folder or an address, or standard input."""
    if path != "-" and is_folder(path):
        yield from read_folder(path)
    else:
        with click.open_file(path, "rb") as file:
            yield path, file


def _render_page(log: Log) -> str:
    if find_spec("jinja2") is None:
        msg = "cxone-report needs Jinja2: pip install 'tap-cxone[report]'"
        raise click.ClickException(msg)
    from tap_cxone.report.page import page  # noqa: PLC0415 (only with the extra `report`)

    return page(log)


if __name__ == "__main__":
    main()
