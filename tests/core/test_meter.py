import pytest

from fairprog_core.pipeline.progress_estimator import ProgressEstimator


def test_fraction_weighs_stages_by_their_cost() -> None:
    """Costs 1 and 3: half of the second stage alone is 3/8, with the first done 5/8."""
    progress = ProgressEstimator({"base": 1.0, "triggers": 3.0})
    assert progress.at("triggers", 0.5, "x")["fraction"] == pytest.approx(3 / 8)
    assert progress.at("base", 1.0, "x")["fraction"] == pytest.approx(5 / 8)


def test_stage_never_goes_back() -> None:
    progress = ProgressEstimator({"base": 1.0})
    progress.at("base", 0.8, "x")
    assert progress.at("base", 0.2, "x")["fraction"] == pytest.approx(0.8)


def test_time_left_is_unknown_at_first() -> None:
    progress = ProgressEstimator({"base": 1.0})
    assert progress.at("base", 0.0, "x")["seconds_left"] is None
    assert progress.at("base", 0.5, "x")["seconds_left"] is not None


def test_seconds_of_earlier_sittings_count() -> None:
    progress = ProgressEstimator({"base": 1.0}, {"base": 40.0})
    with progress.timing("base"):
        pass
    assert progress.total()["base"] >= 40.0
    assert progress.total()["total"] == pytest.approx(progress.total()["base"])


def test_time_left_of_a_resumed_run_counts_what_the_finished_half_took() -> None:
    """Half of it took 60 s in an earlier sitting: the other half will take as long, not next to nothing."""
    progress = ProgressEstimator({"triggers": 1.0}, {"base": 300.0, "triggers": 60.0})
    assert progress.at("triggers", 0.5, "x")["seconds_left"] == pytest.approx(60.0, abs=1.0)
