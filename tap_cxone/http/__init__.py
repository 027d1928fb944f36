"""HTTP requests to the APIs: transport, login, rate limits and the table of error hints.

The package may import `config`, `progress` and the leaf modules.
No other package imports `requests`.
"""

from __future__ import annotations
