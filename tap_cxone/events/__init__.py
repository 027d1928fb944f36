"""Reports of a run to external systems: the audit log and the completion webhook.

It may import `http`, `config`, `progress` and the leaf modules.
"""

from __future__ import annotations
