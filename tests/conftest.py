"""What every test process does before its first test, in `pytest -n` too."""

import tempfile

import hypothesis
import pytest

import default_signals
import rounds


def pytest_addoption(parser):
    group = parser.getgroup("quickml")
    group.addoption(
        "--full", action="store_true", help="Tests that rely on chance try more often, for minutes."
    )
    group.addoption("--seed", type=int, help="The seed of those tests; the default is made of the commit.")


@pytest.hookimpl(tryfirst=True)  # before that of hypothesis, which reads its seed
def pytest_configure(config):
    default_signals.restore()
    if config.option.seed is None:  # also seen by the processes of `-n`, which are given these options
        config.option.seed = rounds.seed_of_commit()
    rounds.seed, rounds.is_full = config.option.seed, config.option.full
    is_slow = [hypothesis.HealthCheck.too_slow]  # the machine may be busy
    hypothesis.settings.register_profile("quickml", deadline=None, suppress_health_check=is_slow)
    hypothesis.settings.load_profile("quickml")
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(rounds.seed)


@pytest.fixture(autouse=True)
def _usual_temporary_folder():
    """An attempt that runs in the process of a test changes the folder; later tests have the usual one."""
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before


def pytest_report_header(config):
    again = f"--seed {rounds.seed}{' --full' if rounds.is_full else ''}"
    return f"chance: {'full' if rounds.is_full else 'few'} rounds; the same again: {again}"
