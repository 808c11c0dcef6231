"""The log goes on whatever becomes of the pipe that it is written to."""

import logging
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from quickml import logs
from waiting import until

LINE = "x" * 1000
PIPE_LINES = 200
"""More than fit into a pipe."""


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        with suppress(OSError):  # a test has closed it
            os.close(descriptor)


def emit(writer, *lines):
    for line in lines:
        writer.emit(logging.makeLogRecord({"msg": line}))


def read(reader, count):
    found = b""
    while found.count(b"\n") < count:
        found += os.read(reader, 1 << 16)
    return found.decode().splitlines()


def test_nothing_waits_for_a_pipe_that_nobody_reads(pipe):
    reader, descriptor = pipe
    writer, lines = logs.Writer(descriptor), [f"{number} {LINE}" for number in range(PIPE_LINES)]
    emit(writer, *lines)
    assert read(reader, PIPE_LINES) == lines


def test_lines_that_nobody_reads_take_a_bounded_amount_of_memory(pipe, monkeypatch):
    monkeypatch.setattr(logs, "MOST_LINES", 10)
    reader, descriptor = pipe
    writer = logs.Writer(descriptor)
    emit(writer, *[LINE] * PIPE_LINES)
    while writer._lost:
        found = os.read(reader, 1 << 16)
        until(writer._lines.empty, "the thread to go on")
        emit(writer, "again")
    writer.flush()
    found = os.read(reader, 1 << 20).decode().splitlines()
    assert "lines of the log were lost" in found[-2]
    assert found[-1] == "again"


def test_lines_that_come_together_are_written_together(pipe, monkeypatch):
    written, (_, descriptor) = [], pipe
    monkeypatch.setattr(os, "write", lambda _, block: written.append(block) or len(block))
    writer, lines = logs.Writer(descriptor), [f"line {number}" for number in range(1000)]
    emit(writer, *lines)
    writer.flush()
    assert b"".join(written).decode().splitlines() == lines
    assert len(written) < 100


def test_a_closed_pipe_is_no_error(pipe):
    reader, descriptor = pipe
    writer = logs.Writer(descriptor)
    os.close(reader)
    emit(writer, LINE, "a half of a \ud800")
    writer.flush()
    assert not writer._lines.unfinished_tasks


def test_a_process_ends_although_nobody_reads_its_log():
    program = (
        "import logging; from quickml import logs; logs.configure(style='text', level='info')\n"
        f"for _ in range({PIPE_LINES}): logging.getLogger('a').info('x' * 1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    assert process.wait(60) == 0
    process.stderr.close()


def test_the_last_lines_of_a_process_are_written():
    program = (
        "import logging; from quickml import logs; logs.configure(style='text', level='info')\n"
        "for number in range(1000): logging.getLogger('a').info('line %d', number)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [line.rpartition(" ")[2] for line in done.stderr.splitlines()] == [str(n) for n in range(1000)]
