"""Report a result without rows that has words of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

    from tap_cxone.http.client import Client

_MAX_WORDS = 200  # characters of the API's words in a message


def report_empty_result(
    log: logging.Logger, client: Client, description: str, words: str | None
) -> None:
    """Warn of a result without rows if the API says anything about it.

    Args:
        log: Logger of the stream.
        client: Client of the API, which removes secrets from its words.
        description: Name of the result.
        words: The API's words; None or an empty text for none.
    """
    if shown := client.redact(words or "", limit=_MAX_WORDS):
        log.warning(
            "%s has no rows, and the API says: %s. The window counts as empty; if rows exist, "
            "correct the cause and read it again with reload",
            description,
            shown,
        )
