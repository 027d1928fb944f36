"""The command: what it takes, what it writes, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tap_cxone.events.audit_log import AuditLog
from tap_cxone.report.cli import main
from tests.report.logbook import window
from tests.support.object_storage import BUCKET, object_storage

COMMAND = Path(sys.executable).parent / "cxone-report"


def invoke_report(*arguments: object):
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_report_page_is_written_to_the_named_file(book, tmp_path):
    """`-o` names the page."""
    book.commit(window(1))
    page = tmp_path / "page.html"

    result = invoke_report(book.path, "-o", page)

    assert (result.exit_code, result.output) == (0, "")
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.ci
def test_from_a_pipe_into_a_pipe(book):
    """`-` is standard input; without `-o` the page goes to standard output, alone."""
    book.commit(window(1))
    text = book.path.read_bytes()

    run = subprocess.run([COMMAND, "-"], input=text, capture_output=True, check=True)

    assert run.stdout.startswith(b"<!DOCTYPE html>")
    assert run.stdout.rstrip().endswith(b"</html>")
    assert b"qm_workflows" in run.stdout
    assert run.stderr == b""


@pytest.mark.ci
def test_report_page_depends_on_the_log_alone(book):
    """The same log gives the same page, whenever it is made."""
    book.commit(window(1))

    assert invoke_report(book.path).output == invoke_report(book.path).output


def test_several_logs(book, tmp_path):
    """Several logs are one page."""
    book.commit(window(1), stream="first_stream")
    older = book.path.rename(tmp_path / "older.jsonl")
    book.commit(window(2), stream="second_stream")

    page = invoke_report(older, book.path).output

    assert "first_stream" in page
    assert "second_stream" in page


def test_report_command_refuses_another_file(tmp_path):
    """It is refused with exit code 2, a line that says what to give, and no page."""
    other, page = tmp_path / "other.jsonl", tmp_path / "page.html"
    other.write_text('{"type": "STATE"}\n')

    result = invoke_report(other, "-o", page)

    assert result.exit_code == 2
    assert "other.jsonl is not an audit log" in result.output
    assert "audit_log_path" in result.output
    assert not page.exists()


def test_report_of_a_missing_file_exits_with_two(tmp_path):
    """It is named, with exit code 2."""
    result = invoke_report(tmp_path / "none.jsonl")

    assert result.exit_code == 2
    assert "none.jsonl" in result.output


def test_report_never_overwrites_its_log(book):
    """A page in place of its log is refused."""
    book.commit(window(1))
    before = book.path.read_bytes()

    result = invoke_report(book.path, "-o", book.path)

    assert result.exit_code == 2
    assert "is the audit log itself" in result.output
    assert book.path.read_bytes() == before


def test_without_the_extra(book, monkeypatch):
    """Without Jinja2 the command says what to install."""
    book.commit(window(1))
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setitem(sys.modules, "tap_cxone.report.page", None)

    result = invoke_report(book.path)

    assert result.exit_code == 1
    assert "pip install 'tap-cxone[report]'" in result.output


@pytest.mark.parametrize("lines", ["", "\n"])
def test_report_of_an_empty_log_states_it(book, lines):
    """A log without a run gives a page that states it."""
    book.path.write_text(lines)

    result = invoke_report(book.path)

    assert result.exit_code == 0
    assert "The audit log contains no run yet" in result.output


def test_page_counts_skipped_lines(book):
    """Torn lines and events of later versions are counted on the page."""
    book.commit(window(1))
    with book.path.open("a") as file:
        file.write(
            '{"at": "2026-03-20T00:00:00Z", "run": "r", "event": "stream_dreamt"}\n{"at": "20'
        )

    page = invoke_report(book.path).output

    assert "1 line could not be read" in " ".join(page.split())
    assert "1 line of <code>stream_dreamt</code>" in page


def test_report_of_a_folder_merges_its_logs(book, tmp_path):
    """A folder has one log for each run; files of other kinds are ignored."""
    book.commit(window(1), stream="first_stream")
    book.path.rename(tmp_path / "older.jsonl")
    book.commit(window(2), stream="second_stream")
    (tmp_path / "note.txt").write_text("not a log")

    page = invoke_report(tmp_path).output

    assert "first_stream" in page
    assert "second_stream" in page


@pytest.mark.ci
def test_report_of_an_address_merges_its_objects(clock, monkeypatch):
    """`s3://bucket/audit` has one object for each run, as the tap wrote them."""
    with object_storage() as storage:
        for number in (1, 2):
            audit = AuditLog(f"s3://{BUCKET}/audit", clock, f"run-{number}", params=storage.params)
            audit.write("run_started", {"version": "1", "streams": [f"stream_of_{number}"]})
            audit.close()
        for name, value in {
            "AWS_ENDPOINT_URL": storage.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)

        result = invoke_report(f"s3://{BUCKET}/audit/")

    assert result.exit_code == 0, result.output
    assert "run-1" in result.output
    assert "run-2" in result.output
