"""Options of the simulator that concern several families."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

StatusCase = Literal["upper", "lower", "title"]
Compression = Literal["none", "gzip-encoding", "gzip-type", "gzip-bare", "gzip-members"]
EmptyFile = Literal["header", "zero-bytes", "204"]
ClientAuth = Literal["post", "basic", "any"]
ListPages = Literal["token", "number", "page count"]


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    r"""Data of the simulated tenant and behaviour of its APIs; a family adds its own options.

    Attributes:
        seed: Seed of the generated data.
        speed: Divides the spacing, the lifetime of a link, the duration of a job and the lateness
            of rows.
        rows_per_day: Rows of each entity and table per day.
        rows_of: Rows per day of single entities or tables; 0 makes one empty.
        token_seconds: Lifetime of a token, never divided by `speed`.
        link_seconds: Lifetime of a download link.
        job_seconds: Duration of a job.
        job_polls: Number of polls that return a running job. If set, it replaces `job_seconds` for
            asynchronous jobs.
        forbidden: Entities and tables that the access key may not extract.
        status_case: Case of a status; None for the case of each API's documentation.
        bom: True if a file starts with a byte order mark.
        newline: Line terminator of a file.
        compression: Compression of a file, and the headers that announce it.
        empty: Content of a file without rows.
        extra_columns: Columns appended to the file of an entity or a table.
        missing_columns: Columns omitted from the file of an entity or a table.
        content_length: True if a download has the header `Content-Length`.
        link_style: Spelling of a link: `plain`, or `exact` with characters that libraries rewrite.
            The signature of an exact link covers its spelling.
        link_redirects: Number of redirects from a link to its file.
        link_redirect_status: Status of these redirects.
        client_auth: Where a registered application may send its credentials.
        client_token_seconds: Lifetime of a client credentials token, never divided by `speed`.
        granted_scopes: Scopes that such a token may have.
        token_region: Region named in such a token; None for no region.
        list_page_size: Entries per page of a list that may have pages; None for one page.
        list_pages: How such a page leads to the next: by a token or a number. The total is that of
            the entries (`number`), or of the pages (`page count`).
    """

    seed: int = 1
    speed: float = 1
    rows_per_day: int = 240
    rows_of: Mapping[str, int] = field(default_factory=dict)
    token_seconds: float = 3600
    link_seconds: float = 30
    job_seconds: float = 20
    job_polls: int | None = None
    forbidden: frozenset[str] = frozenset()
    status_case: StatusCase | None = None
    bom: bool = False
    newline: Literal["\r\n", "\n"] = "\r\n"
    compression: Compression = "none"
    empty: EmptyFile = "header"
    extra_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    content_length: bool = True
    link_style: Literal["plain", "exact"] = "plain"
    link_redirects: int = 0
    link_redirect_status: int = 302
    client_auth: ClientAuth = "any"
    client_token_seconds: float = 1200
    granted_scopes: tuple[str, ...] = (
        "analytics:export:read",
        "analytics:export:write",
        "analytics:reports:read",
        "analytics:reports:write",
    )
    token_region: str | None = "na1"  # noqa: S105 - no password
    list_page_size: int | None = None
    list_pages: ListPages = "token"

    @property
    def link_life(self) -> timedelta:
        """Return the lifetime of a download link."""
        return timedelta(seconds=self.link_seconds / self.speed)

    @property
    def job_time(self) -> timedelta:
        """Return the duration of a job."""
        return timedelta(seconds=self.job_seconds / self.speed)
