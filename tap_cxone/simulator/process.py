"""Run a command as a child process and forward signals to it."""

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
    """Run a command with additional environment variables; return its exit code."""
    # On a TTY the child shares this process group: it can read, and Ctrl-C reaches it directly.
    # Otherwise it gets a new group, so that each signal arrives exactly once.
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
    """Forwards SIGTERM to a child, and SIGINT to its process group like a terminal."""

    def __init__(self, *, interrupts: bool) -> None:
        """Forward SIGINT only if `interrupts`; it is handled in any case."""
        self._interrupts = interrupts
        self._child: subprocess.Popen[bytes] | None = None
        self._pending_signals: list[int] = []

    def __enter__(self) -> Self:
        """Install the signal handlers."""
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
        """Restore the previous signal handlers."""
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)

    def set_child(self, child: subprocess.Popen[bytes]) -> None:
        """Set the child and forward the signals received before it started."""
        self._child = child
        for number in self._pending_signals:
            self._forward(child, number)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """Forward a signal, or store it until the child has started."""
        if self._child is None:
            self._pending_signals.append(number)
        else:
            self._forward(self._child, number)

    def _forward(self, child: subprocess.Popen[bytes], number: int) -> None:
        """Send a signal to the child, or to its process group."""
        if number == signal.SIGTERM:
            child.send_signal(number)
        elif self._interrupts:
            with contextlib.suppress(ProcessLookupError):
                if sys.platform == "win32":  # Windows has no process groups to signal
                    child.terminate()
                else:
                    os.killpg(child.pid, number)
