"""Run the tap, with `python -m tap_cxone` or as `tap-cxone`."""

from __future__ import annotations

import gc


def main() -> None:
    """Load the tap and run its command."""
    # Hardly anything that an import makes is garbage, and all of it was looked through again and
    # again: a seventh of the time that `--version`, `--about` and `--discover` take.
    gc.disable()
    from tap_cxone.tap import TapCXone  # noqa: PLC0415 (not before)

    gc.freeze()
    gc.enable()
    TapCXone.cli()


if __name__ == "__main__":
    main()
