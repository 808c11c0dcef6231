"""Ctrl-C, once and twice."""

import hashlib
import importlib
import os
import signal
import threading
import time

import pytest

from quickml.cli.interrupts import Interrupts


def send(*signals):
    def later():
        for number in signals:
            time.sleep(0.1)
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=later)
    thread.start()
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 2_000_000)  # one call of C that lets no handler of Python run
    thread.join()


def test_before_training_asks_once_gives_up():
    """Nothing was learned yet, so there is nothing to keep."""
    with pytest.raises(KeyboardInterrupt), Interrupts():
        send(signal.SIGINT)


def test_an_import_that_drops_the_interrupt_is_interrupted_again(tmp_path, monkeypatch):
    """Libraries catch everything where they look for optional ones."""
    (tmp_path / "careless.py").write_text(
        "import time\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        time.sleep(60)\n"
        "    except BaseException:\n"
        "        pass\n"
        "time.sleep(60)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt), Interrupts():
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        importlib.import_module("careless")


def test_an_error_in_place_of_the_interrupt_does_not_hide_it():
    """The initialisation of a C extension turns any exception into an ImportError."""
    with pytest.raises(KeyboardInterrupt), Interrupts():
        try:
            send(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None


def test_once_asks(capsys):
    with Interrupts() as interrupts:
        assert not interrupts.asked()
        send(signal.SIGINT)
        assert interrupts.asked()
    assert "Ctrl-C again cancels" in capsys.readouterr().err


@pytest.mark.parametrize(
    "signals", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGHUP,)], ids=str
)
def test_twice_gives_up_even_while_c_computes(signals):
    """Python merges signals that wait; the bytes in the pipe are not merged."""
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.asked()
        send(*signals)


def test_a_lost_interrupt_is_raised_again_and_further_ones_are_left_alone():
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)
        send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.asked()


def test_a_destructor_is_not_interrupted(capsys):
    class Slow:
        def __del__(self):
            send(signal.SIGTERM)

    with Interrupts() as interrupts:
        thing = Slow()
        del thing
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert "Traceback" not in capsys.readouterr().err


def test_what_was_there_before_is_there_again():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
