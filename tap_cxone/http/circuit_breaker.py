"""Circuit breaker of one API: no more requests after repeated failures for the same reason."""

from __future__ import annotations

from msgspec import Struct, field

from tap_cxone.errors import CircuitOpen, OutsideHours, QuotaExhausted

_MAX_FAILURES = 3


class CircuitBreaker(Struct):
    """Stops requests to an API after repeated failures for the same reason.

    Attributes:
        errors: Consecutive failures for the same reason.
    """

    errors: list[Exception] = field(default_factory=list)

    def record_failure(self, error: Exception) -> None:
        """Count a failure once; a failure for another reason restarts the count."""
        is_failure = not isinstance(error, CircuitOpen | QuotaExhausted | OutsideHours)
        if not is_failure or error in self.errors:
            return
        same_reason = [other for other in self.errors if _failure_key(other) == _failure_key(error)]
        self.errors = [*same_reason, error]

    def record_success(self) -> None:
        """Delete the recorded failures."""
        self.errors = []

    def raise_if_open(self, family: str) -> None:
        """Raise `CircuitOpen` after three consecutive failures for the same reason."""
        if len(self.errors) >= _MAX_FAILURES:
            msg = (
                f"{family} failed {len(self.errors)} times in a row for the same reason, so it "
                f"received no further request in this run. Last failure: {self.errors[-1]}"
            )
            raise CircuitOpen(msg)


def _failure_key(error: Exception) -> tuple[object, ...]:
    return type(error), getattr(error, "status", None)
