"""A name server of the test process, since what the machine's own answers differs by network."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

UNKNOWN_HOST = "na9.nice-incontact.invalid"


@dataclass
class NameServer:
    """Takes the place of `socket.getaddrinfo`; it knows no name that ends in `.invalid`.

    Attributes:
        code: The error code of a name that it does not resolve.
        failures: How many further lookups of any name fail.
        lookups: The names that did not resolve, in order.
    """

    code: int = socket.EAI_NONAME
    failures: int = 0
    lookups: list[str] = field(default_factory=list)
    _resolve: Any = socket.getaddrinfo

    def getaddrinfo(self, host: str, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".invalid") or self.failures:
            self.failures = max(0, self.failures - 1)
            self.lookups.append(host)
            raise socket.gaierror(self.code, "Name or service not known")
        return self._resolve(host, *args, **kwargs)
