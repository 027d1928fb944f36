"""Singer tap: streams from settings, discovery, sync and plans."""

from __future__ import annotations

import contextlib
import io
import os
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from typing_extensions import override

from tap_cxone import __version__
from tap_cxone.cli.about import add_streams
from tap_cxone.cli.command import CXoneCommand, request_connection_test
from tap_cxone.cli.connection_test import check_connections
from tap_cxone.cli.job_inventory import list_jobs
from tap_cxone.clock import SystemClock
from tap_cxone.config.environment import merge_environment, without_nulls
from tap_cxone.config.validation import range_problems
from tap_cxone.context import RunContext
from tap_cxone.errors import AuditError, ConfigError, StreamsFailed
from tap_cxone.events.audit_log import AuditLog
from tap_cxone.events.run_result import RunResult
from tap_cxone.events.webhook import Webhook
from tap_cxone.families.registry import FAMILIES, check_settings, evidence_summary, settings_schema
from tap_cxone.http.network import Network
from tap_cxone.jobs.journal import open_journal
from tap_cxone.jobs.ledger import create_journal
from tap_cxone.output import batch_writer as batches
from tap_cxone.output.batch_writer import BatchingWriter
from tap_cxone.output.writer import MessageWriter, RecordSample, SamplingWriter
from tap_cxone.planning.plan import FamilyPlan
from tap_cxone.progress.console import show_progress
from tap_cxone.progress.tracker import Progress
from tap_cxone.signals import SignalHandler
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.credentials import require_credentials
from tap_cxone.streams.extraction_log import ExtractionLogStream
from tap_cxone.streams.owner_check import require_own_state
from tap_cxone.streams.quarantine import QuarantineStream
from tap_cxone.streams.state import read_state, stream_states
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.workers.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Stream

    from tap_cxone.cli.connection_test import CheckResult
    from tap_cxone.cli.job_inventory import JobEntry
    from tap_cxone.clock import Clock
    from tap_cxone.context import ApiFamily
    from tap_cxone.events.run_result import RunOutcome
    from tap_cxone.families.registry import Family


class TapCXone(Tap):
    """Extracts the exports of a NICE CXone tenant, every row once, typed and resumable."""

    # A subclass with more families sets both of these.
    families: ClassVar[Sequence[Family]] = FAMILIES
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    name = "tap-cxone"
    message_writer_class = MessageWriter

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        setup_mapper: bool = True,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        """Check everything that can be checked without a network.

        Args:
            config: The settings.
            parse_env_config: Whether `TAP_CXONE_…` variables replace settings.
            validate_config: Whether the selected streams must have credentials.
            setup_mapper: Whether stream maps are set up.
            clock: The time; the system's by default.
            **kwargs: What the SDK takes beside it: catalog, state, message_writer.

        Raises:
            ConfigError: With every problem of the settings.
            StateError: The state cannot be read, or is that of another tenant.
        """
        self.failures: dict[str, Exception] = {}
        self.signals = SignalHandler()
        self._clock = clock or SystemClock(self.signals)
        self._real_time = clock is None
        self.progress = Progress(self._clock, self.logger)
        self.append_builtin_config(self.config_jsonschema)
        environ = os.environ if parse_env_config else {}
        config, problems = merge_environment(dict(config or {}), self.config_jsonschema, environ)
        checked = check_settings(config, self.config_jsonschema, self.families)
        problems += checked.problems
        self.settings = checked.settings
        batch_settings = self.settings.batch_config
        problems += batches.problems(batch_settings) if batch_settings else ()
        if problems:
            raise ConfigError(problems)
        self.audit = AuditLog(
            self.settings.audit_log_path,
            self._clock,
            summary_path=self.settings.summary_json,
            params=self.settings.audit_log_params,
        )
        self.workers = WorkerPool(self.signals, self.settings.prefetch_limit_bytes)
        self.webhook = Webhook.from_settings(
            self.settings, self.signals, self.audit, self.workers.main_thread.post, self.logger
        )
        self.journal = create_journal(self.settings, self._clock, self.logger, self._real_time)
        self.sample = RecordSample(self.webhook.settings.sample_size if self.webhook else 0)
        self.batches = (
            BatchingWriter(batch_settings, self.sample, self.audit.run_id, self._clock)
            if batch_settings
            else None
        )
        if self.batches or self.sample.max_records:
            kwargs.setdefault("message_writer", self.batches or SamplingWriter(self.sample))
        # The SDK's mapper creates the streams, which need the state; the SDK loads that afterwards.
        super().__init__(
            # The SDK writes the defaults of the schema into this copy, and fails at a null object.
            config=without_nulls(config),
            validate_config=False,
            setup_mapper=False,
            **kwargs,
        )
        for warning in checked.warnings:
            self.logger.warning(warning)
        if setup_mapper:
            _ = self.streams  # they correct the types of the catalog, which the mapper reads
            self.setup_mapper()
            stored = list(stream_states(self.state))
            require_own_state(stored, self._api_families, self.settings.accept_state_of)
        if validate_config:
            require_credentials(self._api_families, self._selected_streams(), self.logger)
        self.signals.install()

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Validate and upgrade the state before the SDK loads it. Raises `StateError`."""
        super().load_state(read_state(state))

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams of all families that run; needs neither credentials nor a network."""
        context = RunContext(
            settings=self.settings,
            clock=self._clock,
            signals=self.signals,
            network=Network(self.logger),
            audit=self.audit,
            workers=self.workers,
            progress=self.progress,
            journal=self.journal,
            sample=self.sample,
            batches=self.batches,
            failures=self.failures,
            webhook=self.webhook,
        )
        family_streams = [
            s for family in self.families for s in family.module.streams(self, context)
        ]
        own_streams = [QuarantineStream(self), ExtractionLogStream(self)]
        names = Counter(stream.name for stream in (*family_streams, *own_streams))
        problems = [
            f"two streams have the name '{name}'; rename the one in the settings"
            for name, count in names.items()
            if count > 1
        ]
        if problems := [*problems, *range_problems(self.settings, names)]:
            raise ConfigError(problems)
        # The names of all streams are checked, since the settings are those of all families.
        running = [s for s in family_streams if self.settings.runs(s.family.name)]
        self._excluded = {s.name for s in family_streams} - {s.name for s in running}
        return [*running, *own_streams]

    # The SDK marks this method as final, but only it encloses the whole run.
    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Sync all streams; write start and outcome of the run to the audit log."""
        started_at = self._clock.now()
        self._start_run()
        outcome: RunOutcome = "interrupted"
        parallel_streams = self._selected_streams() if self.settings.parallel_families else []
        try:
            with (
                show_progress(self.progress, real_time=self._real_time),
                self.workers.running(parallel_streams),
            ):
                super().sync_all()
            outcome = "complete"
        except StreamsFailed:
            outcome = "failed"
            raise
        finally:
            self._end_run(outcome, started_at)

    def _start_run(self) -> None:
        """Register the selected streams, open the journal and write `run_started`.

        Raises:
            ConfigError: The journal, the audit log or the run summary cannot be used.
            JournalUnavailable: The server of the journal could not be reached in time.
        """
        names = sorted(stream.name for stream in self._selected_streams())
        if not names:
            self.logger.warning(
                "No stream is selected, so nothing is read; select streams in the catalog, with "
                "Meltano by `meltano select tap-cxone`"
            )
        self.progress.register(names)
        try:
            self.audit.start_summary()
            open_journal(self.journal)
            self.audit.write("run_started", {"version": __version__, "streams": names})
        except AuditError as error:
            self.close()
            raise ConfigError([str(error)]) from error

    def _end_run(self, outcome: RunOutcome, started_at: datetime) -> None:
        """Release what the run holds, and write `stream_ended` and `run_ended`."""
        if self.batches is not None:
            self.batches.discard()  # a signal ends a run without the error handling of its streams
        for family in self._api_families:
            family.slots.release_all()
        self.close()
        selected, duration = self._selected_streams(), self._clock.now() - started_at
        snapshots = [stream.progress.snapshot() for stream in selected]
        for stream, snapshot in zip(selected, snapshots, strict=True):
            stream.audit_context.write("stream_ended", **snapshot.audit_fields())
        result = RunResult(outcome, snapshots, self.failures, duration)
        self.audit.write("run_ended", result.audit_fields())
        self.audit.close()

    def close(self) -> None:
        """Close the journal, which plans, checks and runs open."""
        if self.journal is not None:
            self.journal.close()

    def plans(self) -> Iterator[FamilyPlan]:
        """Yield one plan per family for its selected streams, under the limits of the family."""
        streams = [s for s in self._selected_streams() if isinstance(s, WindowedStream)]
        for family in self._api_families:
            if plans := [s.plan() for s in streams if s.family.name == family.name]:
                yield FamilyPlan.from_stream_plans(family, plans)

    def setup_hints(self) -> dict[str, str]:
        """Return the missing settings of each family that is not set up."""
        return {f.name: f.setup_hint for f in self._api_families if not f.configured}

    def connection_checks(self, *, permissions: bool = False) -> Iterator[CheckResult]:
        """Return the checks of each family, without an export; see `check_connections`."""
        selected = {stream.name for stream in self._selected_streams()}
        return check_connections(
            self._api_families,
            self._cxone_streams(),
            selected=selected if self.input_catalog else None,
            state=self.state,
            permissions=permissions,
        )

    def list_jobs(self, *, cancel: bool) -> Iterator[JobEntry]:
        """Return the known jobs, without an export; see `list_jobs` of `cli/job_inventory.py`."""
        states = [s for s in stream_states(self.state) if s.stream not in self._excluded]
        return list_jobs(self._cxone_streams(), states, now=self._clock.now(), cancel=cancel)

    @override
    def run_discovery(self) -> str:
        """Print the catalog; needs a network only with a setting such as `live_discovery`."""
        for stream in self._cxone_streams():
            stream.refresh_catalog()
        return super().run_discovery()

    @property
    def _api_families(self) -> list[ApiFamily]:
        """Return the families of all streams, each once, in the order of `families`."""
        by_name = {stream.family.name: stream.family for stream in self._cxone_streams()}
        return [by_name[family.name] for family in self.families if family.name in by_name]

    def _cxone_streams(self) -> list[CXoneStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, CXoneStream)]

    def _selected_streams(self) -> list[CXoneStream]:
        return [stream for stream in self._cxone_streams() if stream.selected]

    @classmethod
    @override
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the SDK prints, and how well the API of each stream is documented."""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            super().print_about(output_format)
        click.echo(add_streams(printed.getvalue(), output_format or "text", cls.families))

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the settings files once, because a file may be a pipe.

        Raises:
            BadParameter: A file cannot be read.
            ConfigError: A file does not contain a JSON object.
        """
        try:
            return super().cb_config(ctx, param, value)
        except OSError as error:
            raise click.BadParameter(str(error), ctx, param) from error
        except (TypeError, ValueError) as error:
            files = ", ".join(path for path in value if path != "ENV")
            msg = (
                f"the file of --config is not a JSON object ({files}: {error}); write the settings "
                "as one"
            )
            raise ConfigError([msg]) from error

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Request the connection test, without an export; `--test=schema` is handled by the SDK."""
        if not request_connection_test(ctx, value):
            super().cb_test(ctx, param, value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, extended by `--plan` and the handling of expected errors."""
        return CXoneCommand.extend(super().get_singer_command(), cls)


# The SDK prints it as the description of the tap.
TapCXone.__doc__ = f"{TapCXone.__doc__} {evidence_summary()}"
