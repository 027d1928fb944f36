"""The example of orchestrate/airflow, with all that it needs, on this machine.

Tenants are simulators of this process, S3 is moto's server in it, and PostgreSQL comes from a
package.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_cxone.simulator import Options, Simulator
from tap_cxone.simulator.settings import tap_settings
from tests.docs.document import ROOT
from tests.integration.meltano import meltano
from tests.scale.airflow import Airflow, airflow, wait_for
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage
from tests.support.postgres import Postgres, free_port, postgres

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date

EXAMPLE = ROOT / "orchestrate/airflow"
PROGRAMS = {
    "tap-cxone": Path(sys.executable).with_name("tap-cxone"),
    "target-postgres": ROOT / ".scale/loader/bin/target-postgres",
}
KEYS = ("access_key_id", "access_key_secret", "client_id", "client_secret")
SET_BY_DAG = ("tenant", "start_date", "end_date", "summary_json", "journal", "audit_log_path")
# Hours away: Airflow also starts a run that was due shortly before.
NIGHTLY = f"0 {(datetime.now(UTC).hour + 12) % 24} * * *"
_OWN = ("TAP_CXONE", "TARGET_", "MELTANO_", "AIRFLOW", "AWS_", "PGTZ")


@dataclass(frozen=True)
class Stack:
    """All that runs.

    Attributes:
        simulators: The API of each tenant, by its name.
        warehouse: Rows and journal.
        storage: Rows of batches, the states and the audit logs.
        airflow: Services without a worker.
        project: A copy of the example.
        variables: The environment of a run of Meltano.
        keys: The keys of each tenant.
    """

    simulators: Mapping[str, Simulator]
    warehouse: Postgres
    storage: ObjectStorage
    airflow: Airflow
    project: Path
    variables: Mapping[str, str] = field(repr=False)
    keys: Mapping[str, Mapping[str, str]] = field(repr=False)

    def audit_events(self, tenant: str) -> Iterator[dict[str, Any]]:
        """Yield the events of the audit logs of all runs of a tenant."""
        for body in self.storage.objects(f"audit/{tenant}/").values():
            yield from map(json.loads, body.splitlines())


@contextmanager
def stack(  # noqa: PLR0913 (all by name but the tenants)
    folder: Path,
    families: Collection[str],
    settings: Mapping[str, Any],
    tenants: Mapping[str, Options],
    *,
    environment: str = "rows",
    refused: Collection[str] = (),
) -> Iterator[Stack]:
    """Run the example for simulated tenants until the end of the block.

    Args:
        folder: An empty folder.
        families: The families of each tenant.
        settings: Further settings of the tap for each tenant.
        tenants: The options of each tenant's simulator, by its name.
        environment: The environment of Meltano, `rows` or `parquet`.
        refused: The tenants whose key is wrong; they have the first family only.
    """
    with ExitStack() as entered:
        enter = entered.enter_context
        warehouse, metadata, storage = enter(postgres()), enter(postgres()), enter(object_storage())
        simulators = {name: enter(Simulator(options)) for name, options in tenants.items()}
        found = {
            name: {
                **tap_settings(simulators[name].url, options.speed, families=families),
                **settings,
                "families": list(families)[: 1 if name in refused else None],
                **({"access_key_secret": "wrong"} if name in refused else {}),
            }
            for name, options in tenants.items()
        }
        project = write_airflow_project(folder / "project", found)
        variables = run_variables(warehouse, storage, environment)
        # The first command of Meltano creates its system database; several at once would fail.
        meltano(project, variables, "state", "list")
        (folder / "airflow").mkdir()
        running = enter(
            airflow(
                folder / "airflow",
                database=metadata.url.replace("postgresql", "postgresql+psycopg2"),
                port=free_port(),
                AIRFLOW__CORE__DAGS_FOLDER=str(project / "dags"),
                **variables,
            )
        )
        for name, one in found.items():
            add_connection(running, name, one)
        dags = {f"cxone_{part}{name}" for name in tenants for part in ("", "history_")}
        wait_for(lambda: running.dags() >= dags, "the DAGs are parsed", 240)
        keys = {name: {key: one[key] for key in KEYS if key in one} for name, one in found.items()}
        yield Stack(simulators, warehouse, storage, running, project, variables, keys)


def write_airflow_project(project: Path, tenants: Mapping[str, dict[str, Any]]) -> Path:
    """Copy the example, for these tenants and with the plugins that `make` installed.

    Only settings in use are declared: Meltano needs a third less of its time then.
    """
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".meltano", ".env"))
    definition = yaml.safe_load((project / "meltano.yml").read_text("utf-8"))
    for plugins in definition["plugins"].values():
        for plugin in plugins:
            del plugin["pip_url"]
            plugin["executable"] = str(PROGRAMS[plugin["name"]])
    (tap,) = definition["plugins"]["extractors"]
    used = {*SET_BY_DAG, *KEYS, *(name for one in tenants.values() for name in one)}
    tap["settings"] = [setting for setting in tap["settings"] if setting["name"] in used]
    entries = {
        name: {"nightly": NIGHTLY, "settings": {k: v for k, v in one.items() if k not in KEYS}}
        for name, one in tenants.items()
    }
    write_yaml(project / "meltano.yml", definition)
    write_yaml(project / "tenants.yml", {"tenants": entries})
    return project


def last_months(today: date) -> tuple[date, date, date]:
    """Return the first days of the two months before a day's month, and of that month."""
    this = today.replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    return (last - timedelta(days=1)).replace(day=1), last, this


def write_yaml(path: Path, value: Any) -> None:
    """Write a file of YAML."""
    path.write_text(yaml.safe_dump(value, sort_keys=False), "utf-8")


def add_connection(airflow: Airflow, tenant: str, settings: Mapping[str, str]) -> None:
    """Store the keys of a tenant, as `airflow connections add` does."""
    extra = {key: settings[key] for key in KEYS[2:] if key in settings}
    login, password = (settings[key] for key in KEYS[:2])
    airflow.add_connection(f"cxone_{tenant}", login, password, extra)


def run_variables(warehouse: Postgres, storage: ObjectStorage, environment: str) -> dict[str, str]:
    """Return the environment of a machine: what the example has in .env."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    target = {f"TARGET_POSTGRES_{k.upper()}": str(v) for k, v in warehouse.settings.items()}
    return {
        **clean,
        **target,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # Meltano
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": storage.url,
        "CXONE_AUDIT": f"s3://{BUCKET}/audit",
        "CXONE_ROWS": f"s3://{BUCKET}/rows",
        "MELTANO_STATE_BACKEND_URI": f"s3://{BUCKET}/state",
        "MELTANO_ENVIRONMENT": environment,
        "MELTANO_HUB_URL": "http://127.0.0.1:9",
        "NO_COLOR": "1",
        "TAP_CXONE_JOURNAL": warehouse.url,
    }
