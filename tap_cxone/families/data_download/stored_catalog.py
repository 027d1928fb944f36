"""The catalogue of custom metrics in STATE, which stays small however many metrics there are."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from tap_cxone.families.data_download.metric_catalog import CustomMetric

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MAX_PACKED = 10_000  # characters
_MAX_STATE = 19_000  # characters of a whole STATE, which should not exceed 20 kB
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(list[CustomMetric])


class StoredCatalog(Struct, frozen=True, omit_defaults=True):
    """The catalogue of the last run that accepted it.

    Attributes:
        version: Number of accepted catalogues so far.
        digest: Digest of the metrics.
        packed: Metrics as compressed JSON in base64, without their descriptions if these make it
            too long. Only the requested ones if all are too many; empty if these are too.
        partial: Whether `packed` has the requested metrics only.
    """

    version: int
    digest: str
    packed: str = ""
    partial: bool = False

    @classmethod
    def of(
        cls,
        metrics: Sequence[CustomMetric],
        version: int,
        *,
        requested: Collection[str],
        reserved: int,
    ) -> StoredCatalog:
        """Return the stored form of metrics.

        Args:
            metrics: All metrics.
            version: Number of accepted catalogues, with this one.
            requested: IDs and display names of the requested metrics.
            reserved: Characters of STATE for everything else.
        """
        max_packed = min(_MAX_PACKED, _MAX_STATE - reserved)
        short = [structs.replace(metric, description="") for metric in metrics]
        needed = [metric for metric in short if metric.has_name(requested)]
        forms = [(metrics, False), (short, False), *([(needed, True)] if needed else [])]
        packed = ((_pack(some), partial) for some, partial in forms)
        fitting = (form for form in packed if len(form[0]) <= max_packed)
        return cls(version, _digest(_ENCODER.encode(metrics)), *next(fitting, ("", False)))

    @classmethod
    def from_json(cls, raw: Any) -> StoredCatalog:
        """Read it from STATE. Raises `MsgspecError` if it has another form."""
        return msgspec.convert(raw, cls)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON for STATE."""
        result: dict[str, Any] = msgspec.to_builtins(self)
        return result

    def metrics(self) -> tuple[CustomMetric, ...] | None:
        """Return the metrics, or None if only their digest is stored.

        Raises:
            MsgspecError: They are not metrics.
            ValueError: They are not compressed JSON.
        """
        if not self.packed:
            return None
        try:
            content = zlib.decompress(b64decode(self.packed, validate=True))
        except zlib.error as error:
            raise ValueError(*error.args) from error
        return tuple(_DECODER.decode(content))

    def has(self, metrics: Sequence[CustomMetric]) -> bool:
        """Return True if these are the metrics."""
        return self.digest == _digest(_ENCODER.encode(metrics))


def _pack(metrics: Sequence[CustomMetric]) -> str:
    return b64encode(zlib.compress(_ENCODER.encode(metrics), level=9)).decode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
