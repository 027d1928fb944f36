"""Two DAGs for each tenant of tenants.yml: its new rows each night, and its history by month."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, BaseOperator, Connection, CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowRescheduleException
from meltano_el import environment, instant_of_next_run, read_result

PROJECT = Path(__file__).parents[1]
MONTH = {"start_date": "{{ data_interval_start | ts }}", "end_date": "{{ data_interval_end | ts }}"}


class Extract(BaseOperator):
    """Run `meltano el`; with `resume` again at the instant that an unfinished run names.

    The task uses neither a slot nor a retry while it waits for that instant.
    """

    template_fields = ("state_id", "settings")

    def __init__(
        self, *, tenant: str, settings: dict[str, Any], state_id: str, resume: bool, **options: Any
    ) -> None:
        """Run a tenant with settings of the tap; without `resume` the next night reads the rest."""
        super().__init__(retries=3, retry_delay=timedelta(minutes=1), **options)
        self.tenant, self.settings, self.state_id = tenant, settings, state_id
        self.resume = resume

    @cached_property
    def process(self) -> SubprocessHook:
        """Return what runs the command, in a process group of its own."""
        return SubprocessHook()

    def execute(self, context: Any) -> None:  # noqa: ARG002 (the signature of an operator)
        """Run the tap into the loader.

        Raises:
            AirflowRescheduleException: The rest can be read later.
            RunFailed: The run failed.
        """
        key = Connection.get(f"cxone_{self.tenant}")
        keys = {"access_key_id": key.login, "access_key_secret": key.password, **key.extra_dejson}
        # Airflow repeats a task only after the end of its process, and the journal has the limits.
        command = ["meltano", "el", "--force", f"--state-id={self.state_id}"]
        with TemporaryDirectory() as folder:
            summary = Path(folder, "summary.jsonl")
            settings = {**self.settings, **keys}
            code = self.process.run_command(
                [*command, "tap-cxone", "target-postgres"],
                env=environment(os.environ, self.tenant, settings, summary),
                cwd=str(PROJECT),
            ).exit_code
            result = read_result(summary)
        if instant := instant_of_next_run(code, result, resume=self.resume):
            raise AirflowRescheduleException(instant)

    def on_kill(self) -> None:
        """End Meltano, the tap and the loader with the task."""
        self.process.send_sigterm()


def create_dags(name: str, nightly: str, settings: dict[str, Any]) -> None:
    """Create the DAGs of a tenant."""
    common: dict[str, Any] = {"start_date": datetime(2015, 1, 1, tzinfo=UTC), "catchup": False}
    with DAG(f"cxone_{name}", schedule=nightly, max_active_runs=1, **common):
        night: dict[str, Any] = {"state_id": name, "resume": False, "priority_weight": 10}
        Extract(task_id="extract", tenant=name, settings=settings, **night)
    monthly = CronDataIntervalTimetable("0 0 1 * *", timezone="UTC")
    with DAG(f"cxone_history_{name}", schedule=monthly, **common):
        for family in settings["families"]:
            Extract(
                task_id=family,
                tenant=name,
                settings={**settings, **MONTH, "families": [family]},
                state_id=f"{name}-{family}-{{{{ data_interval_start.strftime('%Y-%m') }}}}",
                resume=True,
                max_active_tis_per_dag=1,  # two months of a family would share its limits
            )


for tenant_name, tenant in yaml.safe_load((PROJECT / "tenants.yml").read_text())["tenants"].items():
    create_dags(tenant_name, **tenant)
