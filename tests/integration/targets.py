"""The targets that tests load messages into, each in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tests.docs.document import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.run import Output

POSTGRES = ROOT / ".targets/postgres/bin/target-postgres"
DUCKDB = ROOT / ".meltano/loaders/target-duckdb/venv/bin/target-duckdb"


def load_messages(out: Output, target: Path, config: dict[str, Any], folder: Path) -> None:
    """Send the messages of a run to a target, into the schema `cxone`."""
    settings = folder / "target.json"
    settings.write_text(json.dumps({**config, "default_target_schema": "cxone"}))
    loaded = subprocess.run(
        [target, "--config", settings],
        input="".join(f"{json.dumps(message, default=float)}\n" for message in out.messages),
        env={**os.environ, "PGTZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr[-4000:]
