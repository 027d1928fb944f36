"""Local simulator of the CXone APIs: the same responses, limits and failures, no account.

Use it in a test:

    with Simulator(Options(job_polls=2), clock=clock) as simulator:
        simulator.faults.add(Fault("download", "truncated"))
        ...  # call simulator.url
        assert simulator.limit_violations == 0

Use it on the command line: `cxone-simulator serve`, or `cxone-simulator run -- COMMAND`.
"""

from __future__ import annotations

try:
    from tap_cxone.simulator.clock import Clock, SystemClock
    from tap_cxone.simulator.credentials import Credentials
    from tap_cxone.simulator.faults import Fault, FaultScript
    from tap_cxone.simulator.metrics import CustomMetric
    from tap_cxone.simulator.registry import Options
    from tap_cxone.simulator.request_log import RecordedRequest
    from tap_cxone.simulator.settings import environment, tap_settings
    from tap_cxone.simulator.simulator import Simulator
except ModuleNotFoundError as error:
    msg = f"cxone-simulator needs more packages ({error}): pip install 'tap-cxone[simulator]'"
    raise ModuleNotFoundError(msg, name=error.name) from None

__all__ = [
    "Clock",
    "Credentials",
    "CustomMetric",
    "Fault",
    "FaultScript",
    "Options",
    "RecordedRequest",
    "Simulator",
    "SystemClock",
    "environment",
    "tap_settings",
]
