"""One run of `meltano el`: its environment, and its result. Nothing here needs Airflow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def environment(
    worker: Mapping[str, str], tenant: str, settings: Mapping[str, Any], summary: Path
) -> dict[str, str]:
    """Return the variables of a run of Meltano.

    Args:
        worker: Variables of the worker. Those of Airflow are omitted, since they have its secrets.
        tenant: Name of the tenant.
        settings: Settings of the tap, with the keys of the tenant; None is not set.
        summary: File that receives the result of the run.
    """
    every = {**settings, "tenant": tenant, "summary_json": str(summary)}
    own = {
        f"TAP_CXONE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in every.items()
        if value is not None
    }
    return {name: v for name, v in worker.items() if not name.startswith("AIRFLOW")} | own


@dataclass(frozen=True)
class Result:
    """Result of a run, from the last line of its summary.

    Attributes:
        complete: True if each selected stream has read all that it could.
        resume_at: When a later run can read the rest; None if the run is complete or failed.
    """

    complete: bool = False
    resume_at: datetime | None = None


def read_result(summary: Path) -> Result:
    """Return the result of a run; that of one that did not reach its end is not complete."""
    lines = summary.read_text("utf-8").splitlines() if summary.exists() else []
    last = json.loads(lines[-1]) if lines else {}
    if last.get("event") != "run_ended":
        return Result()
    resume_at = last["resume_at"]
    return Result(last["complete"], datetime.fromisoformat(resume_at) if resume_at else None)


class RunFailed(Exception):
    """The run ended with an error, or without a result."""


def instant_of_next_run(code: int, result: Result, *, resume: bool) -> datetime | None:
    """Return when the rest can be read; None if nothing is left to this task.

    Args:
        code: The exit code of Meltano.
        result: The result of the run.
        resume: False if the next night reads the rest.

    Raises:
        RunFailed: The run failed, and nothing says when to go on.
    """
    if resume and result.resume_at:
        return result.resume_at
    if code or not (result.complete or result.resume_at):
        msg = f"meltano el failed with exit code {code}; its log above has the cause"
        raise RunFailed(msg)
    return None
