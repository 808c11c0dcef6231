"""The suite may run in the background of a shell, or under nohup: its children still get their signals."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import default_signals

SUPPORT = Path(default_signals.__file__).parent
CHILD = "import time; print('ready', flush=True); time.sleep(60)"
PARENT = f"""
import signal, subprocess, sys
if sys.argv[1] == "restored":
    import default_signals
    default_signals.restore()
with subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
    child.stdout.readline()
    child.send_signal(int(sys.argv[2]))
    try:
        print(child.wait(timeout=float(sys.argv[3])))
    except subprocess.TimeoutExpired:
        print("ignored")
        child.kill()
"""


def ended_by(number, *, restored, patience_s):
    """How a grandchild ends that is sent a signal which its grandparent ignores."""
    done = subprocess.run(
        [sys.executable, "-c", PARENT, "restored" if restored else "as it is", str(int(number)), str(patience_s)],
        cwd=SUPPORT, capture_output=True, text=True, check=True, timeout=120,
        preexec_fn=lambda: signal.signal(number, signal.SIG_IGN),
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("name", default_signals.RESTORED)
def test_children_get_their_signals_back(name):
    number = getattr(signal, name)
    assert ended_by(number, restored=True, patience_s=60) == str(-number)


def test_without_it_they_do_not():
    assert ended_by(signal.SIGINT, restored=False, patience_s=0.5) == "ignored"


def test_this_process_has_them():
    for name in default_signals.RESTORED:
        assert signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN
