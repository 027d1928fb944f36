"""Columns, run context and guarded fetch of a stream; public parts of the SDK only.

`docs/architecture.md` lists the stream classes and what each of them adds.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_cxone.events.audit_log import AuditContext
from tap_cxone.planning.server_time import MIN_CLOCK_DIFFERENCE, uses_server_time
from tap_cxone.rows.metadata import METADATA_COLUMNS
from tap_cxone.streams.schema import schema_of
from tap_cxone.streams.state import StreamState
from tap_cxone.streams.stream_columns import StreamColumns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_cxone.config.evidence import Evidence
    from tap_cxone.config.model import Settings
    from tap_cxone.context import ApiFamily
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columns import Column
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.workers.pool import WorkerPool


class StreamPreload(Struct, frozen=True):
    """Data of a stream that precedes its first window: columns, or all records of a table."""

    columns: Sequence[Column] = ()
    rows: Sequence[dict[str, Any]] = ()
    size: int = 0

    def close(self) -> None:
        """Do nothing: a preload holds no file."""


class FamilyStream(Stream, ABC):
    """A stream of one API family."""

    has_files: ClassVar[bool] = False
    """Whether records come from the file of a window."""
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # `rows.convert` has typed every value

    def __init__(
        self,
        tap: Tap,
        family: ApiFamily,
        declaration: Declaration,
        *,
        select_by_default: bool = True,
    ) -> None:
        """Merge the declared columns with the columns that earlier runs stored in the state.

        Args:
            tap: The tap that runs the stream.
            family: The API family of the stream.
            declaration: Name, columns and keys of the stream.
            select_by_default: False deselects the stream in a new catalog. Without credentials the
                stream is always deselected by default.
        """
        self.family = family
        self.declaration = declaration
        self.failures = family.context.failures
        self.sample = family.context.sample
        self.batches = family.context.batches
        self.selected_by_default = family.configured and select_by_default
        raw_state = tap.state.get("bookmarks", {}).get(declaration.name, {})
        initial_state = StreamState(declaration.name, raw_state)
        policy = family.context.settings.on_type_change
        self.stream_columns = StreamColumns(declaration, initial_state, policy)
        schema = schema_of(declaration, self.columns, self.key_columns, self.metadata_columns)
        super().__init__(tap, schema=schema, name=declaration.name)
        self.primary_keys = self.key_columns
        self.replication_key = "_window_end" if declaration.windowed else None

    @property
    def evidence(self) -> Evidence:
        """Return how well the API of the stream is documented."""
        return self.family.settings_class.EVIDENCE

    # Columns

    @property
    def columns(self) -> Sequence[Column]:
        """Return the known columns, with their names and types in records."""
        return self.stream_columns.known.columns

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the names of the columns that identify a record."""
        return self.stream_columns.known.key_names

    @property
    def metadata_columns(self) -> list[Column]:
        """Return the columns of the setting `metadata_columns`; none for a stream without files."""
        return [METADATA_COLUMNS[n] for n in self.settings.metadata_columns if self.has_files]

    # Run context

    @property
    def settings(self) -> Settings:
        """Return the settings of the run."""
        return self.family.context.settings

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return self.family.context.clock.now()

    @property
    def workers(self) -> WorkerPool:
        """Return the pool of family workers."""
        return self.family.context.workers

    @property
    def progress(self) -> StreamProgress:
        """Return the progress tracker of this stream."""
        return self.family.context.progress.stream(self.name)

    @property
    def audit_context(self) -> AuditContext:
        """Return the fields that all audit events of this stream share."""
        return AuditContext(self.family.context.audit, self.family.name, self.name)

    @property
    def state_view(self) -> StreamState:
        """Return a typed view of the stream's state."""
        return StreamState(self.name, self.stream_state)

    @property
    def drift_policy(self) -> str:
        """Return the policy for unknown columns; the first header of all is never drift."""
        return self.settings.schema_drift if self.stream_columns.has_known_columns else "evolve"

    def log_once(self, topic: str, text: str, *arguments: object) -> None:
        """Log a warning for the first stream of the family with this topic, then log at INFO."""
        level = logging.INFO if topic in self.family.logged_topics else logging.WARNING
        self.family.logged_topics.add(topic)
        self.log(text, *arguments, level=level)

    @property
    def keeps_history(self) -> bool:
        """Return True if the state has the committed time; the default is False."""
        return False

    def report_unusable_reloads(self) -> None:
        """Log the entries of `reload` that name the stream although it keeps no committed time."""
        for index, entry in enumerate(self.settings.reload):
            if self.name in entry.streams and not self.keeps_history:
                text = (
                    "%s: reload.%d (id '%s') does nothing: the stream has no committed windows; "
                    "remove its name from reload.%d.streams"
                )
                self.logger.warning(text, self.name, index, entry.id, index)

    # Download

    @abstractmethod
    def iter_files(self) -> Iterator[Any]:
        """Yield the downloaded items in order; runs on the family's worker thread."""

    def run_pending_tasks(self) -> None:
        """Raise `Interrupted` after a signal, and run the tasks that workers have posted.

        It is called between two writes only, where no message is incomplete.
        """
        self.family.context.signals.raise_if_interrupted()
        self.workers.main_thread.run_pending()

    def log_in_and_compare_clocks(self) -> bool:
        """Log in, and compare this machine's clock with the server's; warn if they differ.

        Returns:
            True if the windows must be planned again, because the server's time counts.
        """
        family = self.family
        family.client.token_provider.token()
        if abs(family.clock_offset) >= MIN_CLOCK_DIFFERENCE:
            offset = timedelta(seconds=round(abs(family.clock_offset).total_seconds()))
            relation = "ahead of" if family.clock_offset < timedelta(0) else "behind"
            used = "server's" if uses_server_time(family) else "machine's"
            text = "%s: the clock of this machine is %s %s that of the server, and windows end by "
            text += "the %s time. Set the clock of this machine"
            self.log_once("clock", text, self.name, offset, relation, used)
        return uses_server_time(family)

    def check_permission(self) -> bool:
        """Submit a job of the stream; return False if each submit costs an export, or none exists.

        Raises:
            CXoneError: The API refused the submit.
        """
        return False

    def leftovers(self) -> Iterable[str]:
        """Return what earlier runs created in the tenant and no setting names; default: nothing."""
        return ()

    def refresh_catalog(self) -> None:
        """Read catalog columns from the API if a setting requests it; the default does nothing."""

    # Batches

    @override
    def get_batch_config(self, config: object) -> None:
        """Return None to disable the SDK's batches: they bypass selection, stream maps and state.

        The tap's message writer builds batches from RECORD messages instead.
        """

    def start_batches(self, audit_context: AuditContext) -> None:
        """Name the batch files that follow after a window, or after a stream without windows."""
        if self.batches is not None:
            self.batches.start_window(audit_context)

    def flush_full_batches(self) -> None:
        """Pass the records of RECORD messages to their files.

        Raises:
            BatchError: A file cannot be written. An error raised in this method fails this stream
                only.
        """
        if self.batches is not None:
            self.batches.flush_full()

    def flush_batches(self) -> None:
        """Write all batched records, before the bookmark moves.

        Raises:
            BatchError: A file cannot be written.
        """
        if self.batches is not None:
            with self.family.context.signals.interruptible():  # an upload may take minutes
                self.batches.complete_files()
            self.batches.flush_all()

    # Bookmarks

    @property
    @override
    def is_sorted(self) -> bool:
        # Windows are emitted in order and each commit moves the bookmark: always resumable.
        return True

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return None: the requested end already bounds the bookmark; a signpost enlarges STATE."""
