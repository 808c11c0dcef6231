"""One worker process, as its supervisor sees it. All methods but `kill` are for one thread."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress

import psutil

from quickml.worker.channel import Channel, Message

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
NO_VARIABLES: Mapping[str, str] = {}
KEPT_LINES = 50
LINE_BYTES = 500
SEND_TIMEOUT_S = 5.0
END_TIMEOUT_S = 2.0
"""How long a process may take to end by itself."""
SENT_SIGNALS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT})
"""Signals that a process receives from others; those of a crash, such as SIGSEGV, come from its own code."""

COMMAND = (sys.executable, "-P", "-m", "quickml.worker")
"""`-P`: never import modules from the folder in which the server was started."""


class WorkerProcess:
    """A process in a session of its own, with a channel, and the last lines of its output."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] = NO_VARIABLES,
        threads: int | None,
        wake: int,
        clock: Callable[[], float],
    ) -> None:
        """Start `command`, with the number of a file descriptor behind it; `wake` interrupts `listen`.

        The thread that calls this must outlive the process: where Linux is told to end a process with its
        parent, the parent is a thread.

        Raises:
            OSError: it cannot be started; nothing is left open.
        """
        with ExitStack() as undo:
            ours, theirs = map(undo.enter_context, socket.socketpair())
            self._selector = undo.enter_context(selectors.DefaultSelector())
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=_environment(threads, environment),
            )
            theirs.close()
            undo.pop_all()
        ours.settimeout(SEND_TIMEOUT_S)
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self._channel, self._output, self._wake = Channel(ours), self._process.stdout.fileno(), wake
        self._lines: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._line = b""
        self._clock = clock
        self.heard_at = clock()
        """When it last sent a message, by `clock`."""
        self.waited_s = 0.0
        """How long its attempt has waited for storage that failed, as it last reported."""
        self.waits_for = ""
        """What it waits for, as it last reported."""
        self._death: str | None = None
        for source in (self._channel, self._output, wake):
            self._selector.register(source, selectors.EVENT_READ)

    def send(self, kind: str, **fields: object) -> None:
        """Send a message.

        Raises:
            EOFError: the process has ended, or has not read for seconds.
        """
        try:
            self._channel.send(kind, **fields)
        except OSError as error:
            raise EOFError(str(error)) from error

    def listen(self, timeout_s: float) -> list[Message]:
        """Wait for messages, output or a wake-up; returns the messages, which may be none.

        Raises:
            EOFError: the process has ended.
        """
        messages: list[Message] = []
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._channel:
                messages += self._channel.receive()
                self.heard_at = self._clock()
            elif key.fd == self._wake:
                os.read(self._wake, 1 << 12)
            else:
                self._read_output()
        for message in messages:
            if message["type"] == "alive":
                self.waited_s, self.waits_for = message["waited_s"], message["waits_for"]
        return messages

    def _read_output(self) -> None:
        chunk = os.read(self._output, 1 << 16)
        if not chunk:  # closed; the channel will be, too
            self._selector.unregister(self._output)
        *lines, self._line = (self._line + chunk).split(b"\n")
        self._lines.extend(line[:LINE_BYTES] for line in lines if line.strip())
        self._line = self._line[:LINE_BYTES]

    def memory_bytes(self) -> int:
        """Resident memory, of the processes that it started too; 0 of a process that has ended."""
        try:
            process = psutil.Process(self.pid)
            family = [process, *process.children(recursive=True)]
        except (psutil.Error, OSError):  # such as no file descriptors left in this process
            return 0
        return sum(map(_resident_bytes, family))

    def kill_children(self) -> None:
        """Kill all processes that it started."""
        with suppress(psutil.Error):
            for child in psutil.Process(self.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()

    def kill(self) -> None:
        """End the process and all that it started, at once. Any thread may call, also when it is over."""
        if self._process.returncode is None:
            self._kill_group()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody there; macOS, of those that just died
            os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> str:
        """Wait for its end, or kill it: how it ended, for a user. May be called again."""
        if self._death is None:
            self._death = self._ended()
        return self._death

    def _ended(self) -> str:
        self._selector.close()
        self._channel.close()
        try:
            code = self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill_group()
            code = self._process.wait()
        self._kill_group()  # what it started is of its group still; the number is not given away so soon
        self._drain()
        return _described(code)

    def _drain(self) -> None:
        assert self._process.stdout is not None
        os.set_blocking(self._output, False)
        with suppress(BlockingIOError):  # something it started has the other end still
            while chunk := os.read(self._output, 1 << 16):
                self._line += chunk
        self._lines.extend(line[:LINE_BYTES] for line in self._line.split(b"\n") if line.strip())
        self._process.stdout.close()

    @property
    def was_killed(self) -> bool:
        """Whether it ended by a signal from another process or the system."""
        return -(self._process.returncode or 0) in SENT_SIGNALS

    def output(self) -> str:
        """The last lines that it wrote. They may name paths of this machine, so they are for the log only."""
        return "\n".join(line.decode(errors="replace") for line in self._lines)


def _environment(threads: int | None, added: Mapping[str, str]) -> dict[str, str]:
    limits = {name: str(threads) for name in THREAD_VARIABLES} if threads else {}
    return {**os.environ, **limits, **added}


def _described(code: int) -> str:
    if code >= 0:
        return f"the worker ended with exit code {code}"
    names = {one.value: one.name for one in signal.Signals}  # real-time signals have no names
    hint = " (as the system does when memory runs out)" if -code == signal.SIGKILL else ""
    return f"the worker was killed by {names.get(-code, f'signal {-code}')}{hint}"


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.Error, OSError):
        return 0
