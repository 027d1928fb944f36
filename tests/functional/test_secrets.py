"""Everything the command can do, with secrets that are recognised wherever they turn up."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest

from tap_cxone.simulator import Credentials, Fault, Options, Simulator, environment, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tests.support.examples import csv_jobs, paged_rows, quota_jobs
from tests.support.facts import FACTS, token_store
from tests.support.ids import readable
from tests.support.run import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.simulator.faults import FaultPoint

SPEED = 2000
IMPATIENT = {
    "max_retries": 0,
    "job_timeout_minutes": 0.02,
    "throttle_timeout_minutes": 0.02,
    "max_invalid_ratio": 0,
}
KEYS = (
    Credentials.ACCESS_KEY_ID,
    Credentials.ACCESS_KEY_SECRET,
    Credentials.CLIENT_ID,
    Credentials.CLIENT_SECRET,
)
HOOK = "HOOK-HEADER-SECRET+/="
HOOK_KEY = "HOOK-QUERY-SECRET"
SIGNATURE = "SIGNATURE-OF-A-LINK"
LINK = f"https://storage.invalid/f.csv?X-Amz-Credential=any&X-Amz-Signature={SIGNATURE}"
UNKNOWN = re.compile(
    r"sim-(?:access|refresh|id)-token-\w+|\beyJ[\w-]{10,}|X-Amz-Signature=(?!\*)\w+"
)
"""Tokens and signatures that the simulator makes up, whichever they are."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}=*")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def views(text: str) -> Iterator[str]:
    """Yield a text as it is, and as other programs might decode it."""
    yield text
    yield unquote(text)
    yield unquote_plus(text)
    yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).replace(r"\/", "/")
    for found in set(_BASE64.findall(text)):
        for start in range(4):  # it may stand behind a letter that is none of it
            piece = found[start:].rstrip("=").translate(str.maketrans("-_", "+/"))
            piece = piece[:-1] if len(piece) % 4 == 1 else piece + "=" * (-len(piece) % 4)
            try:
                yield base64.b64decode(piece).decode("latin-1")
            except binascii.Error:
                continue


def leaks(text: str, secrets: Sequence[str]) -> list[str]:
    """Return the secrets that stand in a text, however they are spelled there."""
    seen = [*views(text)]
    found = [secret for secret in secrets for view in seen if secret in view]
    return [*dict.fromkeys(found), *UNKNOWN.findall(text)]


def spelled(secret: str) -> dict[str, str]:
    """Return a secret as a server might repeat it."""
    return {
        "plain": secret,
        "url": quote(secret, safe=""),
        "form": quote_plus(secret),
        "small": quote(secret, safe="").replace("%2B", "%2b").replace("%3D", "%3d"),
        "basic": base64.b64encode(f"{Credentials.CLIENT_ID}:{secret}".encode()).decode(),
        "alone": base64.b64encode(secret.encode()).decode(),
        "json": secret.replace("/", r"\/").replace("+", r"\u002B").replace("=", r"\u003d"),
    }


@pytest.mark.parametrize("spelling", spelled(KEYS[3]))
def test_secret_search_finds_every_spelling(spelling):
    """The search itself knows a secret however it is spelled: it can fail."""
    text = f"2026-01-01 | ERROR | it said {spelled(KEYS[3])[spelling]}, and so on"

    assert KEYS[3] in leaks(text, KEYS)


@dataclass
class Tenant:
    """A tenant, and the processes that read from it."""

    sim: Simulator
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)
    said: list[Path] = field(default_factory=list)

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return settings for all families, with all destinations of messages."""
        end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end -= timedelta(days=1)
        base = tap_settings(self.sim.url, SPEED, families=ALL_FAMILIES)
        url = f"{self.sim.url}/hook?key={HOOK_KEY}"
        return {
            **base,
            "start_date": (end - timedelta(days=1)).isoformat(),
            "end_date": end.isoformat(),
            "timezone": "UTC",
            quota_jobs.FAMILY: {"exports_per_day": None},
            "audit_log_path": str(self.folder / "audit.jsonl"),
            "completion_webhook": {"url": url, "headers": {"X-Key": HOOK}, "sample_size": 2},
            **changes,
        }

    @contextmanager
    def process(self, *arguments: str, **changes: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Start the command where all that it writes lies in one folder."""
        clean = {name: text for name, text in os.environ.items() if "TAP_CXONE" not in name}
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        own = {"TAP_CXONE_LOGLEVEL": "DEBUG", "TMPDIR": str(spool), "HOME": str(self.folder)}
        own["PYTHONPATH"] = str(Path.cwd())
        # Into files: no reader must empty a pipe before it is full, and they are searched as well.
        number = len(self.said)
        self.said += [self.folder / f"{number}.out", self.folder / f"{number}.err"]
        with (
            self.said[-2].open("wb") as out,
            self.said[-1].open("wb") as err,
            subprocess.Popen(
                [sys.executable, "-m", "tap_cxone", *arguments],
                env=clean | environment(self.settings(**changes)) | own,
                cwd=self.folder,
                stdout=out,
                stderr=err,
            ) as running,
        ):
            watchdog = threading.Timer(60, running.kill)
            watchdog.start()
            try:
                yield running
            finally:
                watchdog.cancel()
                running.kill()

    def run(self, *arguments: str, code: int, **changes: Any) -> str:
        """Run the command to its end; return its output."""
        with self.process(*arguments, **changes) as running:
            running.wait()
        out, err = (path.read_text() for path in self.said[-2:])
        assert running.returncode == code, err[-3000:]
        return out

    def strike(self, place: FaultPoint, kind: Any = "status", **how: Any) -> None:
        """Let something go wrong always."""
        self.sim.faults.add(Fault(place, kind, times=9999, **how))

    def repeat(self, place: FaultPoint, kind: Any = "status", form: str = "{}", **how: Any) -> None:
        """Let each family repeat what it received, with a token of its own."""
        if not self.tokens:
            self.know_tokens()
        for family in ALL_FAMILIES:
            body = form.format(self.echo(self.tokens[family]))
            self.strike(place, kind, family=family, body=body, **how)

    def check(self) -> None:
        """Assert that no output or file holds a secret, and that no file remains."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert not [path for path in files if "spool" in path.parts]
        written = [path.read_text() for path in files]
        sent = {seen.headers["authorization"].split()[-1] for seen in self.authorised}
        signed = {
            seen.query["X-Amz-Signature"]
            for seen in self.sim.requests
            if "X-Amz-Signature" in seen.query
        }
        secrets = (*KEYS, HOOK, HOOK_KEY, SIGNATURE, *self.tokens.values(), *sent, *signed)
        lines = {line for text in written for line in text.splitlines()}
        found = [f"{leak} in {line}" for line in lines for leak in leaks(line, secrets)]
        assert not found, "\n".join(found)

    @property
    def authorised(self) -> list[Any]:
        """Return the requests that showed a token or an application's secret."""
        return [seen for seen in self.sim.requests if "authorization" in seen.headers]

    def echo(self, token: str = "") -> str:
        """Return what a server says that repeats all it was ever told, in every spelling."""
        told = [*KEYS, *filter(None, [token])]
        words = [text for secret in told for text in spelled(secret).values()]
        return json.dumps({"message": " ".join(words), "link": LINK}).replace(r"\\", "\\")

    def know_tokens(self) -> None:
        """Let every login give a token that is known before."""
        options = Options()
        scopes = {*options.granted_scopes, *options.reporting_scopes}
        issued = {name: token_store(self.sim, name).issue(scopes) for name in ALL_FAMILIES}
        for family, token in issued.items():
            body = json.dumps({"access_token": token, "expires_in": 3600})
            self.strike("token", family=family, status=200, body=body)
        # The simulator cannot tell apart families with the same login of an application.
        self.tokens = {name: issued[FACTS[name].login_with or name] for name in issued}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    """Return a tenant whose secrets must not turn up anywhere, and look for them at the end."""
    options = Options(speed=SPEED, rows_per_day=4, link_seconds=9e6, exports_per_day=None)
    with Simulator(options) as sim:
        found = Tenant(sim, tmp_path)
        yield found
        assert found.said
        found.check()


@pytest.mark.promise("no-secrets")
def test_secrets_of_a_good_run_do_not_show(tenant):
    """A run of all families at DEBUG, which logs in five times and fetches by signed links."""
    out = tenant.run("--config=ENV", code=0)

    streams = {line["stream"] for line in map(json.loads, lines_of(out)) if "stream" in line}
    assert len(streams) >= 9
    assert len({seen.headers["authorization"] for seen in tenant.authorised}) >= 5
    assert any("X-Amz-Signature" in seen.query for seen in tenant.sim.requests)
    assert "webhook_failed" in (tenant.folder / "audit.jsonl").read_text()


STAGES: dict[str, tuple[FaultPoint, ...]] = {
    "beginning": ("list", "me", "catalogue", "submit"),
    "middle": ("poll", "page", "run"),
    "end": ("download",),
}


def stages() -> list[Any]:
    """Return each stage of a run with each refusal; one of them is tried every time."""
    return [
        pytest.param(
            places, status, marks=() if (name, status) == ("middle", 400) else pytest.mark.slow
        )
        for name, places in STAGES.items()
        for status in (400, 401, 403, 404, 500)
    ]


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize(("places", "status"), stages(), ids=readable)
def test_refusal_that_repeats_secrets_shows_none(tenant, places, status):
    """Whatever a refusal repeats, in any spelling, at any place, is masked in all output."""
    for place in places:
        tenant.repeat(place, status=status)

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 500])
@pytest.mark.parametrize("arguments", [(), ("--test",), ("--plan",)], ids=str)
def test_login_that_repeats_secrets_shows_none(tenant, arguments, status):
    """So is what a token endpoint repeats, also where it answers without a token."""
    elsewhere = (("Location", LINK),)
    tenant.strike("token", status=status, body=tenant.echo(), headers=elsewhere)

    tenant.run("--config=ENV", *arguments, code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_secrets_of_a_redirect_do_not_show(tenant, status):
    """Where a redirect leads, and what stands in its query, does not show."""
    for place in (*STAGES["beginning"], *STAGES["middle"], *STAGES["end"]):
        headers = (("Location", LINK), ("Set-Cookie", f"session={SIGNATURE}"))
        tenant.sim.faults.add(Fault(place, "status", status=status, headers=headers, times=1))

    tenant.run("--config=ENV", code=1, **IMPATIENT)


LINKED: dict[str, Any] = {
    "jobStatus": {"id": "j", "status": "SUCCEEDED", "result": {"url": LINK}},
    "status": "Completed",
    "state": "completed",
    "downloadUrl": LINK,
}


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "https", "ftp"])
def test_secrets_of_a_refused_link_do_not_show(tenant, scheme):
    """A link that is not fetched, or leads nowhere, shows its host and no more."""
    body = json.dumps(LINKED).replace("https:", f"{scheme}:")
    tenant.strike("sync", status=200, body=body)
    tenant.strike("poll", status=200, body=body)

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["truncated", "corrupt-gzip", "malformed-csv", "expired-link"])
def test_damaged_file_shows_no_secret(tenant, kind):
    """Nor does a file that is damaged, or whose link is refused, show what led to it."""
    tenant.know_tokens()
    tenant.strike("download", kind)

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("form", ["<html>{}</html>", "{}", '[{{"id": "{}"'])
def test_error_page_instead_of_a_file_is_refused(tenant, form):
    """Nor what came in place of a file."""
    tenant.repeat("download", "bytes", form)

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["job-failed", "reset", "reply-lost", "html"])
def test_secrets_of_a_failed_job_do_not_show(tenant, kind):
    """Nor the reason of a failed job, or the message of a broken connection."""
    tenant.repeat("poll", kind)
    tenant.strike("page", "reset")

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("key", ["status", "state", "id", "jobStatus", "nextPageToken", "error"])
def test_answers_of_another_shape(tenant, key):
    """Nor what stands where a status, a name or a list was expected."""
    form = json.dumps({key: "VALUE"}).replace("{", "{{").replace("}", "}}")
    for place in (*STAGES["middle"], "catalogue"):
        tenant.repeat(place, form=form.replace('"VALUE"', "{}"), status=200)

    tenant.run("--config=ENV", code=1, **IMPATIENT)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_resumed_run_shows_no_secret(tenant, method):
    """The state holds none, nor does a second run from it show any; however one logs in."""
    out = tenant.run("--config=ENV", code=0, client_auth_method=method)
    *_, last = (line for line in lines_of(out) if '"STATE"' in line)
    state = tenant.folder / "state.json"
    state.write_text(json.dumps(json.loads(last)["value"]))

    tenant.run("--config=ENV", f"--state={state}", code=0, client_auth_method=method)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
def test_commands_without_a_run_show_no_secret(tenant):
    """Neither the plan, the test, the catalog nor the texts about the tap show any."""
    for arguments in (
        ("--plan",),
        ("--plan=json",),
        ("--test",),
        ("--test=schema",),
        ("--discover",),
        ("--about",),
        ("--about", "--format=json"),
        ("--version",),
    ):
        config = () if "--about" in arguments or "--version" in arguments else ("--config=ENV",)
        tenant.run(*config, *arguments, code=0)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
def test_bad_settings_and_bad_states(tenant):
    """Nor do mistakes in the settings, at which the whole settings are looked through."""
    secret = KEYS[1]
    tenant.run(
        "--config=ENV",
        code=2,
        base_url=f"https://me:{secret}@cxone.invalid/?key={secret}",
        endpoints={csv_jobs.FAMILY: f"http://cxone.invalid/?{secret}", "x": secret},
        completion_webhook={"url": f"http://elsewhere.invalid/{HOOK_KEY}", "headers": {"X": 5}},
        **{paged_rows.FAMILY: {"downloads": [{"name": "a", "client_secret": secret}]}},
        max_retries=secret,
        schema_drift="wrong",
    )
    state = tenant.folder / "state.json"
    for text in ('{"bookmarks": 1}', "no JSON at all"):
        state.write_text(text)
        with tenant.process("--config=ENV", f"--state={state}") as running:
            running.wait()
        assert running.returncode
    config = tenant.folder / "config.json"
    config.write_text("{}")
    tenant.run(f"--config={config}", code=2)


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("place", ["token", "submit", "poll", "download"])
def test_interrupted_run_shows_no_secret(tenant, place, number):
    """Nor does a run that is ended, wherever it is."""
    tenant.sim.faults.add(Fault(place, "stall", seconds=1))
    with tenant.process("--config=ENV") as running:
        while tenant.sim.faults.pending:
            assert running.poll() is None
            threading.Event().wait(0.01)
        running.send_signal(number)
        running.wait()

    assert running.returncode == 128 + number


@pytest.mark.promise("no-secrets")
@pytest.mark.slow
def test_secrets_of_an_audit_log_failure_do_not_show(tenant):
    """Nor is there any in the message of a file that cannot be written."""
    spool = tenant.folder / "nowhere"
    with tenant.process("--config=ENV", **IMPATIENT, audit_log_path=str(spool / "a")) as running:
        running.wait()

    assert running.returncode == 2
