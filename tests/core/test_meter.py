import pytest

from fairprog_core.pipeline.progress_estimator import Meter


def test_fraction_weighs_stages_by_their_cost() -> None:
    """Costs 1 and 3: half of the second stage alone is 3/8, with the first done 5/8."""
    meter = Meter({"base": 1.0, "triggers": 3.0})
    assert meter.at("triggers", 0.5, "x")["fraction"] == pytest.approx(3 / 8)
    assert meter.at("base", 1.0, "x")["fraction"] == pytest.approx(5 / 8)


def test_stage_never_goes_back() -> None:
    meter = Meter({"base": 1.0})
    meter.at("base", 0.8, "x")
    assert meter.at("base", 0.2, "x")["fraction"] == pytest.approx(0.8)


def test_time_left_is_unknown_at_first() -> None:
    meter = Meter({"base": 1.0})
    assert meter.at("base", 0.0, "x")["seconds_left"] is None
    assert meter.at("base", 0.5, "x")["seconds_left"] is not None


def test_seconds_of_earlier_sittings_count() -> None:
    meter = Meter({"base": 1.0}, {"base": 40.0})
    with meter.timing("base"):
        pass
    assert meter.total()["base"] >= 40.0
    assert meter.total()["total"] == pytest.approx(meter.total()["base"])


def test_time_left_of_a_resumed_run_counts_what_the_finished_half_took() -> None:
    """Half of it took 60 s in an earlier sitting: the other half will take as long, not next to nothing."""
    meter = Meter({"triggers": 1.0}, {"base": 300.0, "triggers": 60.0})
    assert meter.at("triggers", 0.5, "x")["seconds_left"] == pytest.approx(60.0, abs=1.0)
