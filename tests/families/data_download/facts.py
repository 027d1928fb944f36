"""What tests of the core expect of data download."""

from __future__ import annotations

from tap_cxone.config.evidence import Evidence
from tap_cxone.simulator.data_download.family import DOWNLOAD
from tests.support.data_download import CATALOGUE, ME, QUOTA, STREAM
from tests.support.family_facts import FailingStreams, FamilyFacts

FACTS = FamilyFacts(
    evidence=Evidence.TUTORIAL_ONLY,
    streams=(CATALOGUE, "custom_metric_versions"),
    full_tables=(CATALOGUE, "custom_metric_versions"),
    built_in=CATALOGUE,
    token_store="regional_tokens",
    probes=(ME, QUOTA),
    quota="7 of 7 calls left in the reporting quota",
    forbidden_probe=("me", "scopes api:reporting:read"),
    failing=FailingStreams(
        point="page",
        own={
            "downloads": [{**DOWNLOAD, "name": f"d{n}", "custom_metrics": []} for n in range(5)],
        },
    ),
    aggregates=STREAM,
    without_default=("null_characters",),
)
