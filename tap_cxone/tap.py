"""TapCXone: settings in, streams out; and what its command says and exits with."""

from __future__ import annotations

import logging
import os
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.contrib.msgspec import MsgSpecWriter
from typing_extensions import override

from tap_cxone import __version__
from tap_cxone.cli.command import CXoneCommand, request_connection_test
from tap_cxone.cli.connection_test import left_out, probe
from tap_cxone.clock import SystemClock
from tap_cxone.config import SETTINGS, Settings
from tap_cxone.config import validation as checks
from tap_cxone.config.environment import merge_environment
from tap_cxone.context import Surroundings
from tap_cxone.errors import (
    AuditError,
    ConfigError,
    JournalError,
    StreamsFailed,
)
from tap_cxone.events.audit_log import Audit
from tap_cxone.events.webhook import Webhook
from tap_cxone.families.analytics_exports import streams as analytics_exports
from tap_cxone.families.data_download import streams as data_download
from tap_cxone.families.data_extraction import streams as data_extraction
from tap_cxone.families.observability import streams as observability
from tap_cxone.families.scheduled_reports import streams as scheduled_reports
from tap_cxone.jobs.ledger import journal_of
from tap_cxone.output import batch_writer as batches
from tap_cxone.output.batch_writer import BatchingWriter
from tap_cxone.output.writer import Sample, SamplingWriter
from tap_cxone.planning.plan import FamilyPlan
from tap_cxone.progress.console import shown
from tap_cxone.progress.tracker import Progress
from tap_cxone.signals import Interrupts
from tap_cxone.streams import state as states
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.quarantine import QuarantineStream
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.workers.pool import Lanes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk import Stream

    from tap_cxone.cli.connection_test import Result
    from tap_cxone.clock import Clock
    from tap_cxone.context import Family
    from tap_cxone.planning.plan import StreamPlan

FAMILIES = (
    data_extraction,
    observability,
    analytics_exports,
    data_download,
    scheduled_reports,
)


class TapCXone(Tap):
    """Extracts the exports of a NICE CXone tenant, every row once, typed and resumable."""

    name = "tap-cxone"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS.to_dict()
    message_writer_class = MsgSpecWriter

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
            StateError: The state cannot be read.
        """
        self.failures: dict[str, Exception] = {}
        self.interrupts = Interrupts()
        self._clock = clock or SystemClock(self.interrupts)
        self._alive = clock is None
        self.progress = Progress(self._clock, self.logger)
        self.append_builtin_config(self.config_jsonschema)
        environ = os.environ if parse_env_config else {}
        config, problems = merge_environment(dict(config or {}), self.config_jsonschema, environ)
        problems += checks.problems(config, self.config_jsonschema)
        problems += batches.problems(config)
        problems += [problem for family in FAMILIES for problem in family.problems(config)]
        if problems:
            raise ConfigError(problems)
        self.settings = Settings.read(config)
        self.audit = Audit(self.settings.audit_log_path, self._clock)
        self.lanes = Lanes(self.interrupts, self.settings.spool_bytes)
        self.journal = journal_of(self.settings, self._clock, self.logger)
        told = self.settings.completion_webhook
        self.sample = Sample(told.sample_size if told else 0)
        files = self.settings.batch_config
        self.batches = BatchingWriter(files, self.sample, self.audit.run) if files else None
        if self.batches or self.sample.most:
            kwargs.setdefault("message_writer", self.batches or SamplingWriter(self.sample))
        # The SDK reads the state after the streams; here they need what it remembers.
        super().__init__(config=config, validate_config=False, setup_mapper=False, **kwargs)
        for remark in checks.remarks(config):
            self.logger.warning(remark)
        if setup_mapper:
            self.setup_mapper()
        if validate_config:
            self._require_credentials()
        self.interrupts.install()

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Refuse a state that cannot be read before anything runs on it."""
        states.check(state)
        super().load_state(state)

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return every stream; needs neither credentials nor a network."""
        settings = self.settings
        told = settings.completion_webhook
        surroundings = Surroundings(
            settings=settings,
            clock=self._clock,
            interrupts=self.interrupts,
            audit=self.audit,
            lanes=self.lanes,
            progress=self.progress,
            journal=self.journal,
            sample=self.sample,
            batches=self.batches,
            failures=self.failures,
            webhook=Webhook.of(
                told,
                clock=self._clock,
                interrupts=self.interrupts,
                user_agent=settings.user_agent,
            )
            if told
            else None,
        )
        own = [stream for family in FAMILIES for stream in family.streams(self, surroundings)]
        every = [*own, QuarantineStream(self)]
        names = Counter(stream.name for stream in every)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ConfigError(
                f"two streams are called '{name}'; give the configured one another name"
                for name in twice
            )
        return every

    # Final, but nothing else sees where a run begins and how it ends.
    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Sync all streams, and write into the audit log that the run began and how it ended."""
        began = self._clock.now()
        selected = sorted(stream.name for stream in self._own() if stream.selected)
        self.progress.expect(selected)
        try:
            self.journal.open()
            self.audit.write("run_started", {"version": __version__, "streams": selected})
        except (AuditError, JournalError) as error:
            raise ConfigError([str(error)]) from error
        outcome = "interrupted"
        side_by_side = [s for s in self._own() if s.selected] if self.settings.lanes else []
        try:
            with shown(self.progress, alive=self._alive), self.lanes.running(side_by_side):
                super().sync_all()
            outcome = "complete"
        except StreamsFailed:
            outcome = "failed"
            raise
        finally:
            for family in self._families:
                family.turns.free_all()
            self.journal.close()
            took = (self._clock.now() - began).total_seconds()
            for stream in self._own():
                if stream.selected:
                    stream.trail.write("stream_ended", **stream.progress.standing().facts())
            ended = {"outcome": outcome, "failed": sorted(self.failures), "seconds": took}
            self.audit.write("run_ended", ended)

    def _planned(self) -> list[WindowedStream]:
        return [s for s in self._own() if s.selected and isinstance(s, WindowedStream)]

    def plans(self) -> Iterator[FamilyPlan]:
        """Yield what each family's selected streams would do, and what its limits make of it."""
        found: dict[str, list[StreamPlan]] = {}
        for stream in self._planned():
            found.setdefault(stream.family.name, []).append(stream.plan())
        for family in self._families:
            if plans := found.get(family.name):
                yield FamilyPlan.of(family, plans)

    def checks(self) -> Iterator[Result]:
        """Yield what can be tried of each family without an export; the state counts."""
        # What works and what does not first, then what nobody asked for.
        for family in sorted(self._families, key=lambda family: not family.configured):
            if not family.configured:
                yield left_out(family)
                continue
            family = family.hurried()  # noqa: PLW2901 (who tests waits at the screen)
            for name, raw in self.state.get("bookmarks", {}).items():
                family.limiter.recall(states.StreamState(name, raw).submits(family.name))
            yield from probe(family)

    @override
    def run_discovery(self) -> str:
        """Print the catalog; needs a network only for `data_download.live_discovery`."""
        for stream in self._own():
            stream.discover()
        return super().run_discovery()

    @property
    def _families(self) -> list[Family]:
        """Return the families of all streams, each once, in the order of `FAMILIES`."""
        found = {stream.family.name: stream.family for stream in self._own()}
        return [found[family.NAME] for family in FAMILIES if family.NAME in found]

    def _own(self) -> list[CXoneStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, CXoneStream)]

    def _require_credentials(self) -> None:
        """Leave out families without credentials, and refuse to run if no other is left.

        Meltano selects every stream unless told otherwise, also those that could never run.
        """
        if not any(family.configured for family in self._families):
            raise ConfigError(f.remedy for f in self._families if not f.also)
        wanting = [s for s in self._own() if s.selected and not s.family.configured]
        for stream in wanting:
            stream.selected = False
        for family in {stream.family.name: stream.family for stream in wanting}.values():
            level = logging.INFO if family.also else logging.WARNING
            text = "Streams left out: %s, or deselect its streams"
            self.logger.log(level, text, family.remedy)
        if wanting and not any(stream.selected for stream in self._own()):
            raise ConfigError(dict.fromkeys(stream.family.remedy for stream in wanting))

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the settings, once: a file may be a pipe. Raises `ConfigError` if one is none."""
        try:
            return super().cb_config(ctx, param, value)
        except OSError as error:
            raise click.BadParameter(str(error), ctx, param) from error
        except (TypeError, ValueError) as error:
            files = ", ".join(path for path in value if path != "ENV")
            msg = f"the file given as --config is not JSON, or no object ({files}: {error})"
            raise ConfigError([f"{msg}; write the settings as one"]) from error

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Test the connection without an export; `--test=schema` is the SDK's own."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        request_connection_test(ctx)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, with expected errors printed as lines."""
        return CXoneCommand.extend(super().get_singer_command(), cls)
