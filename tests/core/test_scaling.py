"""The simulation of more workers, against numbers by hand."""

import pytest

from tools.scaling import START, Timed, TimedStudy, critical_path, seconds, table

THREE = TimedStudy(5.0, [Timed(10.0, 0.0), Timed(10.0, 0.0), Timed(4.0, 0.0)])
OPENED = 2 * START  # by the leader, and by the helper that ends last


@pytest.mark.parametrize(
    ("workers", "expected"), [(1, 29.0), (2, 5 + OPENED + START + 14), (3, 5 + OPENED + 10), (64, 5 + OPENED + 10)]
)
def test_free_worker_takes_the_next_curve(workers: int, expected: float) -> None:
    assert seconds([THREE], workers) == pytest.approx(expected)
    assert seconds([THREE], 64) == critical_path([THREE])


def test_what_follows_a_curve_waits_for_it_and_nothing_else_does() -> None:
    study = TimedStudy(0.0, [Timed(10.0, 3.0), Timed(2.0, 1.0), Timed(5.0, 0.0)])
    assert seconds([study], 1) == 21
    assert seconds([study], 2) == OPENED + 13
    assert critical_path([study]) == OPENED + 13


def test_free_worker_goes_on_to_the_next_study() -> None:
    """While the first study's only curve is learned, the second is prepared, and computed."""
    studies = [TimedStudy(1.0, [Timed(10.0, 0.0)]), TimedStudy(2.0, [Timed(3.0, 1.0)])]
    assert seconds(studies, 1) == 17
    assert seconds(studies, 2) == OPENED + 1 + 10
    assert seconds(studies[::-1], 2) == OPENED + 2 + START + 1 + 10


def test_earlier_study_goes_first() -> None:
    """With both workers at the first study's curves, the second waits: 1 + 4, then its own preparation and curve."""
    studies = [TimedStudy(1.0, [Timed(4.0, 0.0), Timed(4.0, 0.0)]), TimedStudy(2.0, [Timed(3.0, 0.0)])]
    assert seconds(studies, 2) == OPENED + 5 + OPENED + 5


def test_stages_are_divided_over_the_curves() -> None:
    curves = [{"seconds": 10.0, "explain": {"rows": 1}}, {"seconds": 20.0, "explain": {}}]
    stages = {
        "data": 1.0,
        "base": 2.0,
        "triggers": 30.0,
        "evaluation": 8.0,
        "explain": 5.0,
        "transfer": 6.0,
        "total": 52.0,
    }
    study = TimedStudy.of({"seconds": stages, "curves": curves})
    assert study == TimedStudy(3.0, [Timed(14.0, 8.0), Timed(24.0, 3.0)])
    assert study.alone == stages["total"]
    assert "| 2 | 0.6 | 1.6 |" in table([study])
