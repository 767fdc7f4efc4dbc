"""The bench at its smallest: every figure is there, for the device that was asked for."""

import json

import numpy as np
import pytest
import torch

from fairprog_core.cli.machine.bench import queries
from fairprog_core.cli.machine.bench.bench import QUICK, bench, describe_machine, details, speed_rows
from fairprog_core.cli.machine.bench.queries import QuerySize
from fairprog_core.common.errors import ConfigError


@pytest.fixture(scope="module")
def measured():
    seen = []
    return bench(devices=["cpu"], threads=1, size=QUICK, progress=seen.append), seen


def test_bench_measures_every_part_of_the_work(measured):
    found, _ = measured
    assert {figure.name for figure in found} == {
        "faces_drawn", "base_step", "trigger_step_border", "trigger_step_patch", "trigger_step_border_two_passes",
        "curve", "curve_images", "evaluation", "evaluation_border",
        "base_step_encoder", "trigger_step_soft", "evaluation_texts", "evaluation_texts_soft", "attribution_sentence",
    }  # fmt: skip


def test_bench_median_lies_between_fastest_and_slowest(measured):
    found, _ = measured
    for figure in found:
        assert 0 < figure.low <= figure.value <= figure.high
        assert figure.device == "cpu"


def test_bench_ratio_is_the_quotient_of_its_figures(measured):
    found, _ = measured
    value = {figure.name: figure.value for figure in found}
    (row,) = (row for row in speed_rows(found) if row.ratio is not None)
    assert row.name == "speed/trigger_step_border"
    assert row.ratio == pytest.approx(value["trigger_step_border_two_passes"] / value["trigger_step_border"])
    assert row.ratio_low <= row.ratio <= row.ratio_high


def test_bench_is_json_with_every_figure(measured):
    found, _ = measured
    values = details(found)
    assert json.loads(json.dumps(values)) == values
    assert [row.name for row in speed_rows(found)] == [f"speed/{figure.name}" for figure in found]


def test_machine_is_described_with_versions_and_cores():
    machine = describe_machine("cpu")
    assert torch.__version__.startswith(machine["versions"]["torch"])
    assert machine["device"] == "cpu"
    assert machine["cores"] >= 1


def test_bench_reports_each_figure_as_it_comes(measured):
    found, seen = measured
    assert seen == found


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_bench_refuses_a_gpu_that_is_not_there_before_it_measures():
    with pytest.raises(ConfigError, match="no GPU here"):
        bench(devices=["cpu", "cuda"], size=QUICK, progress=lambda figure: _fail())


def test_bench_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="no such device"):
        bench(devices=["cpu"], threads=2, size=QUICK, progress=lambda figure: _fail())
    assert torch.get_num_threads() == before


def _fail() -> None:
    raise RuntimeError("no such device")


def test_bench_of_queries_sees_the_same_base_twice_and_compares_with_the_white_box():
    size = QuerySize(queries=(200,), seeds=(("faces", 1),), n_tune=64, n_val=48, n_test=120, steps=2)
    found = list(queries.compare(size))
    assert [(each.name, each.queries, each.kept is None) for each in found] == [
        ("white box", 0, True), ("untrained trigger", 0, False), ("black box", 200, False),
    ]  # fmt: skip
    assert len({each.base_gap for each in found}) == 1
    assert all(row.count("|") == queries.HEAD[0].count("|") for row in map(queries.table_row, found))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    probabilities = queries.faces(pictures)
    assert probabilities.shape == (3, 2)
    assert np.allclose(probabilities.sum(1), 1, atol=1e-6)
