"""When a request was sent: the latest instant at which it can have reached the API.

Only a response proves that a request arrived, and that of a synchronous submit comes when its job
is done. The time to open the connection bounds the transit instead, as it is at least one round
trip. This assumes that a request takes no longer than that, apart from one retransmission.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from urllib3.poolmanager import PoolManager, ProxyManager

    from tap_cxone.clock import Clock

_RETRANSMISSION_TIME = timedelta(seconds=0.25)  # systems wait 0.2 seconds before the first one
_MAX_TRANSIT_TIME = timedelta(seconds=2)  # beyond it, a connection was slow rather than the transit

_observed: ContextVar[SendTiming | None] = ContextVar("send_timing", default=None)


class SendTiming(Struct):
    """The times of one request.

    Attributes:
        clock: Source of time.
        started_at: Instant before its connection is opened.
    """

    clock: Clock
    started_at: datetime
    _connecting_at: datetime | None = None
    _connect_time: timedelta | None = None
    _sent_at: datetime | None = None

    @contextmanager
    def observe(self) -> Iterator[None]:
        """Record the times of the request that is sent inside the block, on this thread."""
        token = _observed.set(self)
        try:
            yield
        finally:
            _observed.reset(token)

    def connecting(self) -> None:
        """Record that a connection is being opened."""
        self._connecting_at = self.clock.now()

    def connected(self) -> None:
        """Record that the connection is open."""
        if self._connecting_at is not None:
            self._connect_time = self.clock.now() - self._connecting_at

    def sent(self) -> None:
        """Record that the system has taken all bytes of the request."""
        self._sent_at = self.clock.now()

    def latest_arrival(self) -> datetime:
        """Return the latest instant at which the API received the request."""
        if self._sent_at is None or self._connect_time is None:
            return self.started_at + _MAX_TRANSIT_TIME
        return self._sent_at + min(self._connect_time + _RETRANSMISSION_TIME, _MAX_TRANSIT_TIME)


class _Observed(HTTPConnection):
    """Connection that reports its times to the `SendTiming` of its thread."""

    @override
    def connect(self) -> None:
        timing = _observed.get()
        if timing is not None:
            timing.connecting()
        super().connect()
        if timing is not None:
            timing.connected()

    @override
    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)
        if (timing := _observed.get()) is not None:
            timing.sent()


class _ObservedHttps(_Observed, HTTPSConnection):
    """The same with TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Observed


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _ObservedHttps


class ObservedAdapter(HTTPAdapter):
    """Adapter whose connections report when a request was sent."""

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _observe_connections(self.poolmanager)

    @override
    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        _observe_connections(manager)
        return manager


def _observe_connections(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
