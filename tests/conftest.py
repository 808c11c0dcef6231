"""What every test process does before its first test, in `pytest -n` too."""

import default_signals


def pytest_configure():
    default_signals.restore()
