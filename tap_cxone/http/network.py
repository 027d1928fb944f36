"""What the requests of a run have shown of the network, and the log of their retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.errors import Unavailable, UnknownHost

if TYPE_CHECKING:
    import logging

    from tap_cxone.errors import ApiError
    from tap_cxone.http.retry import Attempt

_UNKNOWN_HOST_ATTEMPTS = 4  # about seven seconds, so that a short failure of DNS passes


class Network(Struct):
    """The network of a run, as its requests have shown it; all families share it.

    Attributes:
        log: Logger of the requests that are tried again; None logs none.
        has_responded: Whether any host has responded in this run.
    """

    log: logging.Logger | None = None
    has_responded: bool = False

    def limit(self, attempt: Attempt, error: ApiError) -> Attempt:
        """Return the attempt with few retries, if it failed because its host is unknown.

        As soon as any host has responded in this run, DNS works, and a failure of it may pass.
        """
        is_limited = attempt.policy.attempts > _UNKNOWN_HOST_ATTEMPTS
        if self.has_responded or not isinstance(error, UnknownHost) or not is_limited:
            return attempt
        policy = structs.replace(
            attempt.policy,
            attempts=_UNKNOWN_HOST_ATTEMPTS,
            attempts_limit="no host has responded in this run",
        )
        return structs.replace(attempt, policy=policy)

    def log_retry(self, attempt: Attempt, error: ApiError) -> None:
        """Log the first failure of a request that is sent again; a throttled one is none."""
        if self.log is not None and attempt.failures == 1 and isinstance(error, Unavailable):
            self.log.warning("A request failed: %s", attempt.describe_retry(error))

    def log_other_host(self, base_url: str, other_base_url: str) -> None:
        """Log that another host stands in for one that did not respond."""
        if self.log is not None:
            text = "%s, which the token names, does not respond; this run uses %s. Allow "
            text += "connections to the first one, or set endpoints to the second one"
            self.log.warning(text, base_url, other_base_url)

    def log_login(self, description: str) -> None:
        """Log that a login is requested, since a host that drops packets is silent for long."""
        if self.log is not None:
            self.log.info("Logging in: %s", description)
