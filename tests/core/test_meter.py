import pytest

from fairprog_core.pipeline.progress_estimator import ProgressEstimator, TimeLeft


def test_fraction_weighs_stages_by_their_cost() -> None:
    """Costs 1 and 3: half of the second stage alone is 3/8, with the first done 5/8."""
    progress = ProgressEstimator({"base": 1.0, "triggers": 3.0})
    assert progress.at("triggers", 0.5, "x")["fraction"] == pytest.approx(3 / 8)
    assert progress.at("base", 1.0, "x")["fraction"] == pytest.approx(5 / 8)


def test_stage_never_goes_back() -> None:
    progress = ProgressEstimator({"base": 1.0})
    progress.at("base", 0.8, "x")
    assert progress.at("base", 0.2, "x")["fraction"] == pytest.approx(0.8)


def test_time_left_is_the_expected_cost_at_first() -> None:
    progress = ProgressEstimator({"base": 10.0, "triggers": 30.0})
    assert progress.at("base", 0.0, "x")["seconds_left"] == pytest.approx(40.0, abs=1.0)


def test_time_left_follows_the_measured_speed() -> None:
    """Half of a stage took 40 s where 10 were expected: so will the other half, and the next stage is as slow."""
    left = TimeLeft({"triggers": 20.0, "evaluation": 10.0})
    left.at("triggers", 0.5, 40.0)
    found = left.left()
    assert found["triggers"] == pytest.approx(40.0, abs=4.0)
    assert 20.0 < found["evaluation"] < 40.0


def test_stage_that_is_found_in_the_cache_leaves_nothing() -> None:
    left = TimeLeft({"data": 10.0, "triggers": 20.0})
    left.at("data", 1.0, 0.01)
    assert left.left()["data"] == 0
    assert left.left()["triggers"] <= 20.0


def test_seconds_of_earlier_sittings_count() -> None:
    progress = ProgressEstimator({"base": 1.0}, {"base": 40.0})
    with progress.timing("base"):
        pass
    assert progress.total()["base"] >= 40.0
    assert progress.total()["total"] == pytest.approx(progress.total()["base"])


def test_time_left_of_a_resumed_run_counts_what_the_finished_half_took() -> None:
    """Half of it took 60 s in an earlier sitting: the other half will take as long, not next to nothing."""
    progress = ProgressEstimator({"triggers": 1.0}, {"base": 300.0, "triggers": 60.0})
    assert progress.at("triggers", 0.5, "x")["seconds_left"] == pytest.approx(60.0, abs=6.0)
