"""The audit log in object storage: one object a run, uploaded while the run goes on."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import AuditError, ConfigError
from tap_cxone.events.audit_log import AuditLog
from tap_cxone.tap import TapCXone
from tests.support.audit_log import audit_settings
from tests.support.examples import json_jobs
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

SECRET = "sesame-of-the-bucket"


@pytest.fixture
def s3_bucket() -> Iterator[ObjectStorage]:
    """Return an empty bucket on this machine."""
    with object_storage() as storage:
        yield storage


def bucket_settings(sim: Simulator, storage: ObjectStorage, **changes: Any) -> dict[str, Any]:
    """Return settings for a window of conversations, with an audit log in the bucket."""
    config = audit_settings(sim, f"s3://{BUCKET}/audit/")  # type: ignore[arg-type]
    return {**config, "audit_log_params": storage.params, **changes}


def logged(storage: ObjectStorage) -> list[list[dict[str, Any]]]:
    """Return the lines of each object."""
    return [[json.loads(line) for line in data.splitlines()] for data in storage.objects().values()]


@pytest.mark.ci
def test_run_has_one_object_with_all_of_its_lines(sim, clock, s3_bucket):
    """The name has the start and the ID of the run, and each run has an object of its own."""
    out = json_jobs.run_exports(bucket_settings(sim, s3_bucket), clock)
    json_jobs.run_exports(bucket_settings(sim, s3_bucket), clock)

    assert out.error is None
    first, second = logged(s3_bucket)
    for name, lines in zip(s3_bucket.objects(), (first, second), strict=True):
        (run,) = {line["run"] for line in lines}
        assert name.startswith("audit/2026-03-20T12")
        assert name.endswith(f"Z-{run}.jsonl")
    assert (first[0]["event"], first[-1]["event"]) == ("run_started", "run_ended")


@pytest.fixture
def log(s3_bucket: ObjectStorage, clock: FakeClock) -> Iterator[AuditLog]:
    """Return an audit log in the bucket."""
    with closing(AuditLog(f"s3://{BUCKET}/audit", clock, "run-1", params=s3_bucket.params)) as log:
        yield log


def test_object_has_the_first_line_at_once_and_later_lines_within_a_minute(clock, s3_bucket, log):
    """A process that is killed leaves the lines of up to a minute before its last line."""
    seen = []
    for seconds in (0, 30, 29, 1):
        clock.instant += timedelta(seconds=seconds)
        log.write("job_state", {"state": "running"})
        seen.append(len(logged(s3_bucket)[0]))

    assert seen == [1, 1, 1, 4]


@pytest.mark.ci
def test_object_has_all_lines_when_the_log_is_closed(s3_bucket, log):
    """The end of a run uploads what no upload had before."""
    for _ in range(3):
        log.write("job_state", {"state": "running"})

    log.close()

    assert len(logged(s3_bucket)[0]) == 3


def test_last_upload_that_is_refused_is_repeated(clock, s3_bucket, log):
    """A refusal at the end loses no line: the object is uploaded again after a wait."""
    for _ in range(3):
        log.write("job_state", {"state": "running"})
    s3_bucket.refused += ["PUT", "PUT"]

    log.close()

    assert len(logged(s3_bucket)[0]) == 3
    assert clock.slept


@pytest.mark.ci
def test_upload_refused_in_the_middle_of_a_run_is_repeated_a_minute_later(clock, s3_bucket, log):
    """A storage that fails for a moment fails no stream."""
    log.write("job_state", {"state": "running"})
    clock.instant += timedelta(minutes=1)
    s3_bucket.refused += ["PUT"]
    log.write("job_state", {"state": "running"})
    clock.instant += timedelta(minutes=1)
    log.write("job_state", {"state": "running"})

    assert len(logged(s3_bucket)[0]) == 3


@pytest.mark.ci
def test_storage_that_stays_away_at_the_end_is_an_error_without_secrets(clock, s3_bucket):
    """The error names address, cause and settings, and no credential."""
    params = {**s3_bucket.params, "secret": SECRET}
    log = AuditLog(f"s3://{BUCKET}/audit", clock, "run-1", params=params)
    log.write("job_state", {"state": "running"})
    s3_bucket.refused += ["PUT"] * 9

    with pytest.raises(AuditError) as caught:
        log.close()

    assert f"cannot write the audit log s3://{BUCKET}/audit (PermissionError" in str(caught.value)
    assert "audit_log_path and audit_log_params" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.ci
def test_bucket_that_does_not_exist_ends_the_run_before_any_request(sim, clock, s3_bucket):
    """The first line is uploaded at the start, so a wrong address is an error of the settings."""
    config = bucket_settings(sim, s3_bucket, audit_log_path="s3://no-such-bucket/audit")

    out = json_jobs.run_exports(config, clock)

    assert isinstance(out.error, ConfigError)
    assert "cannot write the audit log s3://no-such-bucket/audit" in str(out.error)
    assert sim.requests == []


@pytest.mark.ci
def test_interrupted_run_uploads_its_last_lines(sim, clock, s3_bucket):
    """A run that ends in its midst has `run_ended` in its object."""
    json_jobs.run_exports(bucket_settings(sim, s3_bucket), clock, cut_after=1)

    (lines,) = logged(s3_bucket)
    assert (lines[-1]["event"], lines[-1]["outcome"]) == ("run_ended", "interrupted")


@pytest.mark.ci
@pytest.mark.promise("no-secrets")
def test_parameters_of_the_audit_log_are_in_no_output(sim, clock, s3_bucket, caplog):
    """Neither log, state nor audit log has a credential of the storage."""
    params = {**s3_bucket.params, "secret": SECRET}

    out = json_jobs.run_exports(bucket_settings(sim, s3_bucket, audit_log_params=params), clock)

    assert out.error is None
    written = [
        caplog.text,
        json.dumps(out.messages),
        *map(bytes.decode, s3_bucket.objects().values()),
    ]
    assert not [text for text in written if SECRET in text]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sftp://me:sesame@host/audit", "audit_log_path contains a password.*audit_log_params"),
        ("s3://bucket/audit?versioned", "audit_log_path contains a question mark"),
        ("simplecache::s3://bucket", "audit_log_path is a chain of addresses"),
        ("s4://bucket", "audit_log_path begins with s4://, which fsspec does not support"),
        ("gs://bucket", "audit_log_path needs a further package for gs:// .*gcsfs"),
    ],
    ids=["password", "query", "chain", "unknown", "package"],
)
def test_audit_address_that_cannot_be_used_is_refused(address, words):
    """The address is checked before anything runs, and no message has its password."""
    with pytest.raises(ConfigError, match=words) as caught:
        TapCXone(config={"audit_log_path": address}, validate_config=False)

    assert "sesame" not in str(caught.value)


@pytest.mark.ci
def test_plan_reads_no_audit_log_from_an_address(sim, clock, s3_bucket):
    """`--plan` needs no network: waits by hour come from a local audit log only."""
    config = bucket_settings(sim, s3_bucket)

    plans = list(TapCXone(config=config, clock=clock).plans())

    assert plans
    assert s3_bucket.requests == []
