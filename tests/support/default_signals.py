"""Signals as a terminal has them: a shell starts what runs in its background with SIGINT ignored."""

import signal

RESTORED = ("SIGINT", "SIGQUIT", "SIGHUP")


def restore():
    """Receive these signals again, in this process and in those that it starts.

    An ignored signal stays ignored in every child, and Python then raises no KeyboardInterrupt.
    """
    for name in RESTORED:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
