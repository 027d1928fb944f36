"""Entry point of `python -m tap_cxone` and `tap-cxone`."""

from __future__ import annotations

import gc


def main() -> None:
    """Import the tap and run its command."""
    # Imports create hardly any garbage. Collections during them would take a seventh of the time of
    # `--version`, `--about` and `--discover`.
    gc.disable()
    from tap_cxone.tap import TapCXone  # noqa: PLC0415 (imported while garbage collection is disabled)

    gc.freeze()
    gc.enable()
    TapCXone.cli()


if __name__ == "__main__":
    main()
