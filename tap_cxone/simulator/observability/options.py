"""Options of the export API of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tap_cxone.simulator.options import CommonOptions

GrNamespace = Literal["both", "AutopilotKnowledge", "autopilot"]
Location = Literal["absolute", "relative", "absolute-status", "relative-status", "absent"]
ExportStatusKey = Literal["status", "state", "exportStatus"]
ExportLinkKey = Literal[
    "downloadUrl", "url", "presignedUrl", "fileUrl", "location", "downloadURL", "download_url"
]


@dataclass(frozen=True, kw_only=True)
class ObservabilityOptions(CommonOptions):
    """Behaviour of the export API of the dashboard.

    Attributes:
        gr_namespace: Path of the table of generated responses. Its name in the options is
            `AutopilotKnowledge/GRTable` in any case.
        missing_table: Status of the response to a submit for a table that the tenant lacks.
        exports_per_day: Exports accepted in `quota_hours`, over all tables; None for no limit.
        quota_hours: Period of the export quota, never divided by `speed`.
        history_months: Calendar months that an export may reach back; None for no limit.
        days_per_month: Days that the API counts as a month of `history_months`; None for calendar
            months.
        location: Form of the header `Location` of an accepted export.
        export_body: Body of the response to an accepted export.
        export_status_key: Field with the status of an export.
        export_status_names: Names of the statuses running, completed and failed.
        export_link_key: Field with the link to an export's file.
        export_link_only: True if a completed export has a link but no status.
        export_link_form: Form of that link: an absolute URL, or the path and query of one.
        export_answer_key: Field of the response with the status that contains all others; None for
            the top level.
        export_redirect: True if the response to a poll of a completed export redirects to its file.
        unseen_polls: Number of polls of an export that return 404 before the API knows it.
    """

    gr_namespace: GrNamespace = "both"
    missing_table: Literal[400, 403, 404, 405] = 404
    exports_per_day: int | None = 3
    quota_hours: float = 24
    history_months: int | None = 4
    days_per_month: int | None = None
    location: Location = "absolute"
    export_body: Literal["empty", "json"] = "empty"
    export_status_key: ExportStatusKey = "status"
    export_status_names: tuple[str, str, str] = ("InProgress", "Completed", "Failed")
    export_link_key: ExportLinkKey = "downloadUrl"
    export_link_only: bool = False
    export_link_form: Literal["absolute", "relative"] = "absolute"
    export_answer_key: str | None = None
    export_redirect: bool = False
    unseen_polls: int = 0

    @property
    def quota_period(self) -> timedelta:
        """Return the period of the export quota."""
        return timedelta(hours=self.quota_hours)
