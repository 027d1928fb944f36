"""`--jobs`: the jobs that state, journal and the APIs know, and which of them no run uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.errors import CXoneError, NotFound
from tap_cxone.progress.formatting import format_duration
from tap_cxone.streams.job_stream import JobStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_cxone.context import ApiFamily
    from tap_cxone.jobs.api import JobApi
    from tap_cxone.jobs.job import Job, StatusResponse
    from tap_cxone.streams.family_stream import FamilyStream
    from tap_cxone.streams.state import StreamState

_COMMITTED = "its window is committed"


class JobEntry(Struct, frozen=True):
    """One job, or a schedule of reports.

    Attributes:
        label: `used` if the next run uses it, `done` if its window is committed. `orphan` means
            that no run uses it, and `FAIL` that a request about it failed. `other` means that
            neither state nor journal has it.
        subject: Family, stream, window, ID and age, as far as they are known.
        detail: Its status, and what follows.
    """

    label: str
    subject: str
    detail: str

    def __str__(self) -> str:
        """Return the entry as one line."""
        return f"{self.label:6} {self.subject}: {self.detail}"


class _OwnJob(Struct, frozen=True):
    """A job that the state or the journal has.

    Attributes:
        stream: Name of its stream.
        job: The job.
        families: Families that the state of the stream names.
    """

    stream: str
    job: Job
    families: frozenset[str] = frozenset()

    def subject(self, family: str, now: datetime) -> str:
        job, age = self.job, format_duration(now - self.job.submitted_at)
        return f"{family} {self.stream}, {job.window}, job {job.id}, submitted {age} ago"


def list_jobs(
    streams: Sequence[FamilyStream],
    states: Iterable[StreamState],
    *,
    now: datetime,
    cancel: bool,
) -> Iterator[JobEntry]:
    """Yield all jobs by family, then the schedules that no setting names. No export is spent.

    Args:
        streams: The streams of the tap.
        states: State of each stream.
        now: The present instant.
        cancel: Whether to end the jobs that no run uses, as far as their APIs can.
    """
    unlisted = {
        job.id: _OwnJob(state.stream, job, frozenset(state.families()))
        for state in states
        for job in state.pending_jobs()
    }
    by_family: dict[str, list[JobStream]] = {}
    for stream in streams:
        if isinstance(stream, JobStream):
            by_family.setdefault(stream.family.name, []).append(stream)
    for family_streams in by_family.values():
        family, names = family_streams[0].family, {stream.name for stream in family_streams}
        listed: dict[str, StatusResponse] = {}
        for api in _listing_apis(family_streams):
            try:
                listed |= api.list_jobs()
            except CXoneError as error:
                yield JobEntry("FAIL", f"{family.name} list of jobs", str(error))
        own = {job.id: _OwnJob(name, job) for name, job in family.ledger.all_jobs()}
        known_ids = {*own, *listed}
        own |= {
            i: job
            for i, job in unlisted.items()
            if i in known_ids or job.stream in names or family.name in job.families
        }
        unlisted = {i: job for i, job in unlisted.items() if i not in own}
        yield from _FamilyJobs(family_streams, own, listed, now, cancel).entries()
    for job in unlisted.values():
        family_name = ", ".join(job.families) or "unknown family"
        yield JobEntry("orphan", job.subject(family_name, now), "no setting has its stream")
    for stream in streams:
        yield from _leftovers(stream)


def _listing_apis(streams: Sequence[JobStream]) -> Iterable[JobApi]:
    """Return one API for each list of jobs of a family; streams may share a list."""
    if not streams[0].family.configured:
        return ()
    apis = (stream.api for stream in streams if stream.selected)
    return {api.list_path: api for api in apis if api.list_path}.values()


def _leftovers(stream: FamilyStream) -> Iterator[JobEntry]:
    """Yield what earlier runs created in the tenant and no setting names any more."""
    if not stream.family.configured:
        return
    try:
        for name in stream.leftovers():
            yield JobEntry("orphan", f"{stream.family.name} {name}", "delete it in CXone")
    except CXoneError as error:
        yield JobEntry("FAIL", f"{stream.family.name} {stream.name}", str(error))


class _FamilyJobs(Struct, frozen=True):
    """The jobs of one family.

    Attributes:
        streams: The streams of the family, at least one.
        own: The jobs that the state or the journal has, by ID.
        listed: The jobs in the API's own list, by ID.
        now: The present instant.
        cancel: Whether to end jobs that no run uses.
    """

    streams: Sequence[JobStream]
    own: Mapping[str, _OwnJob]
    listed: Mapping[str, StatusResponse]
    now: datetime
    cancel: bool

    @property
    def family(self) -> ApiFamily:
        """Return the family."""
        return self.streams[0].family

    def entries(self) -> Iterator[JobEntry]:
        """Yield one entry per job: those of state and journal, then those of the API only."""
        yield from map(self._own_entry, self.own.values())
        for job_id, response in self.listed.items():
            if job_id not in self.own and not response.status.is_terminal:
                subject = f"{self.family.name}, job {job_id}"
                detail = f"{response.status_text}; of another client, or of a lost submit"
                yield JobEntry("other", subject, detail)

    def _own_entry(self, own: _OwnJob) -> JobEntry:
        subject = own.subject(self.family.name, self.now)
        stream = next((s for s in self.streams if s.name == own.stream), None)
        reason = _orphan_reason(stream, own.job)
        label, ended = "orphan" if reason else "used", True
        if not self.family.configured:
            return JobEntry(label, subject, reason)
        api = (stream or self.streams[0]).api
        try:
            status = self.listed.get(own.job.id) or api.get_status(own.job)
            ended, text = status.status.is_terminal, status.status_text
            if reason and self.cancel and not ended:
                text = self._end(api, own)
        except NotFound:
            text = "the API does not know it"
        except CXoneError as error:
            return JobEntry("FAIL", subject, str(error))
        label = "done" if ended and reason == _COMMITTED else label
        return JobEntry(label, subject, f"{text}; {reason or 'the next run resumes it'}")

    def _end(self, api: JobApi, own: _OwnJob) -> str:
        """Cancel a job if its API can; return the outcome."""
        if not api.cancel(own.job):
            return "running; this API cannot end a job"
        self.family.ledger.remove(own.stream, [own.job])
        return "cancelled"


def _orphan_reason(stream: JobStream | None, job: Job) -> str:
    """Return why no run uses a job; empty if the next one does."""
    if stream is None:
        return "no setting has its stream"
    if not stream.family.configured:
        return "its family is not set up"
    if not stream.selected:
        return "its stream is not selected"
    store = stream.job_store
    reasons = {
        _COMMITTED: store.was_committed(job.window),
        "its window is to be read again": not store.serves_reload(job),
        "the settings request something else now": not store.is_current(job),
    }
    return next((reason for reason, applies in reasons.items() if applies), "")
