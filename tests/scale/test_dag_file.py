"""The DAG file of orchestrate/airflow in the Airflow for which its packages are locked."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tests.docs.document import ROOT

PYTHON = ROOT / ".scale/airflow/bin/python"
EXAMPLE = ROOT / "orchestrate/airflow"


@pytest.mark.skipif(not PYTHON.exists(), reason="needs Airflow: make .scale/airflow/.ready")
def test_dag_file_is_imported_by_airflow_without_an_error(tmp_path):
    """The DAGs of the example are those of its tenants, with a task for each family."""
    code = f"""
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(EXAMPLE / "dags")!r})
tasks = {{name: sorted(dag.task_dict) for name, dag in bag.dags.items()}}
print(json.dumps([bag.import_errors, tasks]))
"""
    variables = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONPATH": str(EXAMPLE / "dags"),  # as the services of Airflow set it
    }
    run = subprocess.run(
        [PYTHON, "-c", code], env=variables, capture_output=True, text=True, check=True
    )

    errors, dags = json.loads(run.stdout.splitlines()[-1])
    tenants = yaml.safe_load((EXAMPLE / "tenants.yml").read_text("utf-8"))["tenants"]
    assert errors == {}
    assert dags == {f"cxone_{name}": ["extract"] for name in tenants} | {
        f"cxone_history_{name}": sorted(one["settings"]["families"])
        for name, one in tenants.items()
    }
