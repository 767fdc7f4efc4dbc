"""A study goes on to the same numbers whichever process is killed, at whatever instant; ``--kills N`` sets how many.

``pytest tests/resilience/test_kills.py --kills 100 -rP`` prints a table of the kills by process and stage.
"""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from fairprog_core.results.result import Result
from fairprog_core.triggers.base import load_trigger
from tests.resilience.kills import LABELS, OF_A_CHAIN, Chain, Kill, Uninterrupted, run_uninterrupted


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    return run_uninterrupted(tmp_path_factory.mktemp("once"))


def test_study_that_is_killed_has_a_base_and_a_trigger_that_learned_something(once: Uninterrupted) -> None:
    """Else equal figures would prove nothing."""
    result = Result.open(once.folder)
    assert result.base.metrics["accuracy"].value > result.majority_accuracy + 0.05
    assert result.base.metrics["average_abs_odds_difference"].value > 0.02
    [curve] = result.curves
    learned = load_trigger(curve.artifact)
    untrained = type(learned)(
        learned.options, anchor_lams=learned.scale.anchor_lams, seed=learned.seed, **learned.input_spec
    )
    pairs = zip(learned.parameters(), untrained.parameters(), strict=True)
    assert max(float((one - other).detach().abs().max()) for one, other in pairs) > 0.05


def test_killed_study_goes_on_to_the_same_numbers(
    once: Uninterrupted, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    n_kills, seed = request.config.getoption("--kills"), request.config.getoption("--first-kill")
    kills: list[Kill] = []
    left = [LABELS[number % len(LABELS)] for number in range(n_kills)]
    while left:
        random_ = random.Random(seed + len(kills))
        labels, left = left[:OF_A_CHAIN], left[OF_A_CHAIN:]
        chain = Chain(tmp_path / str(len(kills)), once, random_)
        try:
            left = chain.kill_all(labels) + left
        except BaseException:
            print(f"--first-kill {seed + len(kills)} begins with the chain that failed: {labels}, {chain.kills}")
            raise
        finally:
            chain.close()
        kills += chain.kills
        print(*chain.kills, sep="\n", flush=True)
        shutil.rmtree(chain.home.path.parent)
    counts = Counter((kill.label, kill.stage) for kill in kills)
    for (label, stage), n in sorted(counts.items()):
        print(f"{label:12} {stage:12} {n}")
    assert len(kills) == n_kills
