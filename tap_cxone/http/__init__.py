"""Requests to an API: transport, login, rate limits, pagination and the table of errors.

It may import `config`, `progress` and the leaf modules; no other package imports `requests`.
"""

from __future__ import annotations
