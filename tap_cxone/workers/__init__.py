"""Threads: one worker per API family, and the executor of the main thread.

The package may import `events`, `rows`, `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
