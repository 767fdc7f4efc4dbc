"""Damaged inputs for every reader; ``--fuzz-inputs N`` and ``--fuzz-first S`` are declared in ``tests/conftest.py``."""

import pytest

from tests.fuzz.harness import TALLIES, Fuzz


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLIES] = []


@pytest.fixture
def fuzz(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    """Runs a reader on damaged inputs; a failing input is reported with its seed.

    The file ``fuzz-input.txt`` among pytest's temporary files names an input that ends the whole process.
    """
    config = request.config
    config.stash.setdefault(TALLIES, [])
    note = tmp_path_factory.getbasetemp() / "fuzz-input.txt"
    return Fuzz(config, config.getoption("--fuzz-inputs"), config.getoption("--fuzz-first"), note)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for tally in config.stash.get(TALLIES, []):
        n_failed = sum(len(seeds) for seeds, _ in tally.failures.values())
        terminalreporter.write_line(
            f"fuzz: {tally.reader}: {tally.n_values} read, {tally.n_refused} refused, {n_failed} failed"
        )
