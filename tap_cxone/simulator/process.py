"""Running a command as if it had been called by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType, TracebackType

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_SIGNAL_EXIT_BASE = 128


def run_command(command: Sequence[str], extra_env: Mapping[str, str]) -> int:
    """Run a command with these environment variables added and return its exit code."""
    # At a terminal the child shares our process group: it may read, and Ctrl-C reaches it without
    # us. Elsewhere it has a group of its own, so that each signal arrives exactly once.
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    with _SignalForwarder(interrupts=not at_terminal) as forwarding:
        try:
            child = subprocess.Popen(  # noqa: S603 - the command is the user's own
                command, env={**os.environ, **extra_env}, process_group=None if at_terminal else 0
            )
        except FileNotFoundError:
            click.echo(f"{command[0]}: command not found", err=True)
            return _NOT_FOUND
        except OSError as error:
            click.echo(f"{command[0]}: {error.strerror}", err=True)
            return _NOT_EXECUTABLE
        forwarding.set_child(child)
        code = child.wait()
    return code if code >= 0 else _SIGNAL_EXIT_BASE - code


class _SignalForwarder:
    """Passes SIGTERM on to a child, and SIGINT to its whole group as a terminal does."""

    def __init__(self, *, interrupts: bool) -> None:
        """Forward SIGINT only if `interrupts`; it is caught in any case."""
        self._interrupts = interrupts
        self._child: subprocess.Popen[bytes] | None = None
        self._pending_signals: list[int] = []

    def __enter__(self) -> Self:
        """Catch both signals from now on."""
        numbers = signal.SIGTERM, signal.SIGINT
        self._previous_handlers = {
            number: signal.signal(number, self._on_signal) for number in numbers
        }
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Catch them no longer."""
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def set_child(self, child: subprocess.Popen[bytes]) -> None:
        """Name the child; what was caught before it started is passed on now."""
        self._child = child
        for number in self._pending_signals:
            self._forward(child, number)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """Pass a signal on, at once or when there is a child."""
        if self._child is None:
            self._pending_signals.append(number)
        else:
            self._forward(self._child, number)

    def _forward(self, child: subprocess.Popen[bytes], number: int) -> None:
        """Send a signal to the child or to its group."""
        if number == signal.SIGTERM:
            child.send_signal(number)
        elif self._interrupts:
            with contextlib.suppress(ProcessLookupError):
                if sys.platform == "win32":  # there are no groups to signal
                    child.terminate()
                else:
                    os.killpg(child.pid, number)
