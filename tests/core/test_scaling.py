"""The simulation of more workers, against numbers by hand."""

import pytest

from tools.scaling import START, Timed, TimedStudy, in_one_pool, table

THREE = TimedStudy(5.0, [Timed(10.0, 0.0), Timed(10.0, 0.0), Timed(4.0, 0.0)])


@pytest.mark.parametrize(
    ("workers", "seconds"), [(1, 29.0), (2, 5 + START + 14), (3, 5 + START + 10), (64, 5 + START + 10)]
)
def test_free_worker_takes_the_next_curve(workers: int, seconds: float) -> None:
    assert THREE.seconds(workers) == pytest.approx(seconds)
    assert THREE.seconds(workers) >= THREE.critical_path or workers == 1


def test_what_follows_a_curve_waits_for_it() -> None:
    study = TimedStudy(0.0, [Timed(10.0, 3.0), Timed(2.0, 1.0)])
    assert study.seconds(1) == 16
    assert study.seconds(2) == START + 13
    assert study.critical_path == START + 13


def test_in_one_pool_a_worker_goes_on_to_the_next_study() -> None:
    studies = [TimedStudy(1.0, [Timed(10.0, 0.0)]), TimedStudy(2.0, [Timed(5.0, 1.0)])]
    assert in_one_pool(studies, 1) == sum(study.alone for study in studies) == 19
    assert sum(study.seconds(2) for study in studies) == 1 + START + 10 + 2 + START + 6
    assert in_one_pool(studies, 2) == START + 11


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
    assert "| 2 | 0.5 |" in table([study])
