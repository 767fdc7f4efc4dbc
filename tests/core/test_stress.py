"""``fairprog stress``: every change by hand, the figures after it, and what the command writes."""

import json
import os
import shutil
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve

import fairprog_core as fp
from fairprog_core.cli import main
from fairprog_core.common.errors import ArtifactError, ConfigError, DataError
from fairprog_core.common.home import assets
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.deploy.stress.calibration import BINS, calibrate
from fairprog_core.deploy.stress.changes import PICTURE_CHANGES, TEXT_CHANGES
from fairprog_core.deploy.stress.measure import measure_stress
from fairprog_core.deploy.stress.pictures.moving import Cropped, Shifted
from fairprog_core.deploy.stress.pictures.printing import Printed
from fairprog_core.deploy.stress.pictures.resizing import Resized
from fairprog_core.deploy.stress.table import stress_csv
from fairprog_core.deploy.stress.texts.cutting import Truncated
from fairprog_core.deploy.stress.texts.typos import Typos
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.pipeline.stress.stress_result import (
    FILE,
    StressedCurve,
    StressFigures,
    StressResult,
    StressRow,
    read_stress,
)
from fairprog_core.pipeline.stress.survival import stress_sentence, survives

TEXT = "The Neighbours   are KIND today, aren't they?"


@pytest.fixture
def pictures():
    """Two random pictures of 16 pixels."""
    return torch.rand((2, 3, 16, 16), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def ended(capsys):
    """Runs the command line; exit code, stdout and stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["stress", *map(str, arguments)])
        return (stopped.value.code or 0, *capsys.readouterr())

    return call


def measured(result, home, **asked):
    """What `measure_stress` returns, and the shares that it tells."""
    work, shares = measure_stress(result, home=home, **asked), []
    while True:
        try:
            shares.append(next(work).share)
        except StopIteration as end:
            return end.value, shares


def noise(seed=0):
    return torch.Generator().manual_seed(seed)


def words(seed=0):
    return np.random.default_rng(seed)


# every change


@pytest.mark.parametrize("key", PICTURE_CHANGES)
def test_changed_picture_is_one_of_the_same_shape_and_repeats(key, pictures):
    change, given = PICTURE_CHANGES[key], pictures.clone()
    found = change(given, noise())
    assert found.shape == pictures.shape
    assert found.dtype == pictures.dtype
    assert 0 <= found.min() <= found.max() <= 1
    assert not torch.equal(found, pictures)
    assert torch.equal(given, pictures), "the input was changed in place"
    assert torch.equal(found, change(pictures, noise()))
    assert torch.equal(change(pictures[1:], noise()), found[1:]) == (key != "printed"), "rows do not know each other"


@pytest.mark.parametrize("key", TEXT_CHANGES)
def test_changed_text_is_a_text_and_repeats(key):
    change = TEXT_CHANGES[key]
    assert change(TEXT, words()) == change(TEXT, words())
    assert change("", words()) == ""
    assert change("  \n ", words()).strip() == ""


def test_keys_and_titles_differ():
    assert not set(PICTURE_CHANGES) & set(TEXT_CHANGES)
    titles = [each.title for each in chain(PICTURE_CHANGES.values(), TEXT_CHANGES.values())]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("key", sorted(set(PICTURE_CHANGES) - {"printed", "png"}))
def test_even_picture_stays_as_it_is(key):
    """A grey picture has nothing to blur, move or compress: 128/255 in 8 bits stays so."""
    grey = torch.full((1, 3, 16, 16), 128 / 255)
    assert torch.allclose(PICTURE_CHANGES[key](grey, noise()), grey, atol=1e-6)


def test_png_rounds_to_eight_bits_and_cuts():
    x = torch.tensor([-0.5, 0.001, 0.5, 1.5]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    found = PICTURE_CHANGES["png"](x, noise())[0, 0].flatten() * 255
    assert found.tolist() == pytest.approx([0, 0, 128, 255])  # .001 · 255 = .255 and .5 · 255 = 127.5, to even


def test_more_compression_changes_more(pictures):
    lost = [float((PICTURE_CHANGES[f"jpeg_{q}"](pictures, noise()) - pictures).abs().mean()) for q in (95, 75, 50)]
    assert lost == sorted(lost)
    assert lost[0] > 0


def test_half_and_back_is_the_mean_of_neighbours():
    """Stripes of one pixel, 0 and 1, cannot be told at half the size: both become about .5 away from the edge."""
    stripes = torch.tensor([0.0, 1.0]).repeat(8).expand(1, 3, 16, 16)
    assert torch.allclose(Resized(0.5)(stripes, noise())[..., 4:12], torch.tensor(0.5), atol=0.05)


def test_crop_shows_the_inner_part():
    """A white frame of one pixel is gone after one pixel is cut from every side."""
    framed = torch.ones(1, 3, 16, 16)
    framed[..., 1:-1, 1:-1] = 0.25
    assert torch.allclose(Cropped(1)(framed, noise()), torch.tensor(0.25))


def test_shift_moves_right_and_down(pictures):
    found = Shifted(2)(pictures, noise())
    assert torch.equal(found[..., 2:, 2:], pictures[..., :-2, :-2])
    assert torch.equal(found[..., 0, 0], pictures[..., 0, 0])


def test_print_darkens_blurs_and_adds_noise():
    """An even .5 becomes .5^1.1 = .4665 on the mean, with noise of .02; an edge gets soft."""
    found = Printed()(torch.full((4, 3, 32, 32), 0.5), noise())
    assert float(found.mean()) == pytest.approx(0.5**1.1, abs=1e-3)
    assert float(found.std()) == pytest.approx(0.02, abs=2e-3)
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    assert 0.05 < Printed(noise=0)(edge, noise())[0, 0, 4, 3] < 0.45


def test_casing():
    assert TEXT_CHANGES["lower_case"](TEXT, words()) == TEXT.lower()
    assert TEXT_CHANGES["upper_case"]("Straße", words()) == "STRASSE"


def test_typos_swap_two_neighbours_in_words_of_two_letters():
    assert Typos(share=1)("ab I 12 a-b", words()) == "ba I 12 a-b"
    found = Typos(share=1)("neighbours", words())
    assert sorted(found) == sorted("neighbours")
    assert sum(a != b for a, b in zip(found, "neighbours", strict=True)) == 2


def test_typos_are_in_the_share_of_the_words_that_is_said():
    """2,000 words, five in a hundred: 100, with a standard deviation of √(2000 · .05 · .95) = 9.7."""
    found = Typos()(" ".join(["ab"] * 2000), words()).split()
    assert 60 < found.count("ba") < 140
    assert found.count("ab") + found.count("ba") == 2000


@pytest.mark.parametrize(("text", "kept"), [("one", "one"), (" a b  c ", " a b"), ("a b c d", "a b")])
def test_half_of_the_words_is_kept_rounded_up(text, kept):
    assert Truncated()(text, words()) == kept


# calibration


def predictions(probability, y, *, z=None, weight=None):
    """Predictions of two classes with P(1)."""
    p, n = np.asarray(probability), len(y)
    return Predictions(
        logits=np.log(np.stack([1 - p, p], axis=1)).astype(np.float32), y_pred=(p > 0.5).astype(np.int64),
        y=np.asarray(y), z=np.zeros(n, dtype=np.int64) if z is None else np.asarray(z),
        weight=np.ones(n) if weight is None else np.asarray(weight), row=np.arange(n),
    )  # fmt: skip


def test_calibration_by_hand():
    """P = .9 on four rows, two of them true: |.9 − .5| = .4 in the only bin; the other group: .9, all true: .1."""
    found = calibrate(predictions([0.9] * 8, [1, 0, 1, 0, 1, 1, 1, 1], z=[0] * 4 + [1] * 4), Groups.exclusive("a", "b"))
    assert [each.group for each in found] == [None, "a", "b"]
    assert [each.error for each in found] == pytest.approx([0.15, 0.4, 0.1], abs=1e-6)
    assert [each.n for each in found[1].bins if each.n] == [4]


def test_calibration_agrees_with_scikit_learn():
    random = words()
    p = random.uniform(0.01, 0.99, 500)
    y = (random.random(500) < p**2).astype(np.int64)
    (whole, _) = calibrate(predictions(p, y), Groups.exclusive("all"))
    share, stated = calibration_curve(y, p, n_bins=BINS, strategy="uniform")
    assert [each.found for each in whole.bins if each.n] == pytest.approx(share.tolist(), abs=1e-5)
    assert [each.stated for each in whole.bins if each.n] == pytest.approx(stated.tolist(), abs=1e-5)
    assert whole.error > whole.noise > 0


def test_weights_bring_rows_back_to_their_mix():
    """The true row counts three times: |.6 − 3/4| = .15."""
    (whole, _) = calibrate(predictions([0.6, 0.6], [1, 0], weight=[1.5, 0.5]), Groups.exclusive("all"))
    assert whole.error == pytest.approx(0.15, abs=1e-6)


def test_empty_group_is_not_estimable():
    found = calibrate(predictions([0.6, 0.6], [1, 0]), Groups.exclusive("a", "b"))
    assert (found[2].n, found[2].error, found[2].noise) == (0, None, None)


# a study


@pytest.fixture(scope="module")
def found(finished):
    """The tiny study on pictures after three changes."""
    return measured(finished.result, finished.home, changes=("jpeg_50", "shift_1", "printed"))


def test_study_on_pictures(finished, found):
    stressed, shares = found
    result = finished.result
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert (stressed.n, stressed.n_test, stressed.modality) == (96, 96, "image")
    curve, own = stressed.curves[0], result.curves[0]
    assert (curve.key, curve.lam, curve.control) == (own.key, own.chosen_lam, "random_trigger")
    assert [row.change for row in curve.rows] == ["unchanged", "jpeg_50", "shift_1", "printed"]
    assert [row.n_changed for row in curve.rows] == [0, 96, 96, 96]


def test_unchanged_rows_have_the_figures_of_the_run(finished, found):
    result, curve = finished.result, found[0].curves[0]
    point, row = result.chosen_point(result.curves[0]), curve.rows[0]
    assert row.trigger.gap == point.metric(curve.gap)
    assert row.trigger.accuracy == point.metric("accuracy")
    assert row.trigger.gap_change.value == pytest.approx(point.change(curve.gap).value)
    assert row.control.accuracy == result.controls_of(result.curves[0])["random_trigger"].metric("accuracy")
    assert row.base.accuracy == result.base.metric("accuracy")


def test_figures_come_back_from_json_and_repeat(finished, found, tmp_path):
    text = json.dumps(found[0].to_json(), allow_nan=False)
    assert StressResult.from_json(json.loads(text), path=tmp_path) == found[0]
    again, _ = measured(finished.result, finished.home, changes=("printed",))
    assert again.curves[0].rows[1] == found[0].curves[0].rows[3]


def test_table_has_a_line_for_every_condition(found):
    lines = stress_csv(found[0]).splitlines()
    assert len(lines) == 1 + len(found[0].curves) * 4 * 3
    assert lines[0].startswith("curve,trigger,criterion,lam,change,n_changed,condition")


def test_rows_are_drawn_evenly_and_another_lam_is_predicted(finished):
    stressed, _ = measured(finished.result, finished.home, rows=40, lam=0.5, changes=("png",))
    assert (stressed.n, stressed.n_test, stressed.curves[0].lam) == (40, 96, 0.5)
    assert stressed.curves[0].calibration["base"][0].n == 40


def test_public_function_is_the_same(finished, found):
    steps = []
    again = fp.stress(finished.result, changes=["jpeg_50"], home=finished.home, progress=steps.append)
    assert again.curves[0].rows[1] == found[0].curves[0].rows[1]
    assert steps[-1].label == "JPEG 50"


def test_study_on_texts(made_up_comments):
    """The tiny classifier reads lower case alone, so that casing changes nothing, and a cut changes every text."""
    stressed, _ = measured(made_up_comments.result, made_up_comments.home, changes=("upper_case", "truncated"))
    unchanged, upper, cut = stressed.curves[0].rows
    assert stressed.curves[0].control == "random_words"
    assert upper.n_changed in (0, stressed.n)
    if not upper.n_changed:
        assert (upper.base, upper.trigger, upper.control) == (unchanged.base, unchanged.trigger, unchanged.control)
    assert cut.n_changed > 0


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"curve": "frob"}, "no trigger 'frob'"),
        ({"changes": ("typos",)}, "no change 'typos' of such data"),
        ({"rows": 0}, "at least 1"),
        ({"lam": 1e6}, "trained for λ from"),
    ],
)
def test_bad_input_is_one_sentence(finished, asked, error):
    with pytest.raises(ConfigError, match=error):
        measured(finished.result, finished.home, **asked)


def test_run_that_is_not_finished_and_black_box_are_refused(finished):
    result = finished.result
    with pytest.raises(ConfigError, match="not finished"):
        measured(replace(result, is_complete=False), finished.home)
    box = {
        "classifier": {"kind": "black_box", "address": "http://127.0.0.1:9/predict"},
        "methods": [{"kind": "query_reprogram"}],
        "explain": {"gallery": 0, "rows": 0, "probe": False},
    }
    with pytest.raises(ConfigError, match="is a black box"):
        measured(replace(result, study=result.study | box), finished.home)


def test_other_test_rows_are_refused(finished):
    result = finished.result
    other = result.study["dataset"] | {"seed": 7}
    with pytest.raises(DataError, match="not those that the run was measured on"):
        measured(replace(result, study=result.study | {"dataset": other}), finished.home, changes=("png",))


@pytest.mark.parametrize("spoil", [
    lambda values: values.pop("n"),
    lambda values: values.update(schema="fairprog.stress/9"),
    lambda values: values["curves"][0].update(gap="frob"),
    lambda values: values["curves"][0]["rows"].pop(0),
    lambda values: values["curves"][0]["rows"][0]["base"]["gap"].update(value="x"),
    lambda values: values["curves"][0]["calibration"].pop("base"),
    lambda values: values.update(curves=[]),
])  # fmt: skip
def test_damaged_file_is_one_sentence(found, tmp_path, spoil):
    assert read_stress(tmp_path) is None
    values = json.loads(json.dumps(found[0].to_json()))
    spoil(values)
    (tmp_path / FILE).write_text(json.dumps(values))
    with pytest.raises(ArtifactError, match=r"fairprog stress"):
        read_stress(tmp_path)


# the sentence


def figures(change=None, *, is_collapsed=False, cost=None):
    return StressFigures(
        Estimate(0.1, None), Estimate(0.9, None), Estimate(0.0, change), Estimate(0.0, cost), is_collapsed
    )  # fmt: skip


def row(key, change, *, beyond=(-0.1, -0.01), n_changed=9, **of_trigger):
    return StressRow(
        key, key, n_changed, figures(), figures(change, **of_trigger), figures(), Estimate(-0.05, beyond)
    )  # fmt: skip


def curve(*rows, max_accuracy_loss=None):
    return StressedCurve(
        "k", "border", "equalized_odds", "average_abs_odds_difference", 2.0, "random_trigger", list(rows),
        {"base": [], "trigger": [], "control": []},
        max_accuracy_loss,
    )  # fmt: skip


CLEAR, OPEN = (-0.2, -0.01), (-0.2, 0.0)


def test_the_whole_interval_decides():
    assert survives(row("a", CLEAR)) is True
    assert survives(row("a", OPEN)) is False
    assert survives(row("a", None)) is None
    assert survives(row("a", CLEAR, is_collapsed=True)) is None


def test_sentence_names_every_change_once():
    said = stress_sentence(
        curve(
            row("unchanged", CLEAR, n_changed=0), row("a", CLEAR), row("b", CLEAR, beyond=OPEN), row("c", OPEN),
            row("d", CLEAR, is_collapsed=True), row("e", None), row("f", CLEAR, n_changed=0),
        )
    )  # fmt: skip
    assert said == (
        "border, equalized odds, λ = 2: the gap is still smaller than the base's after a, b; it is not clearly smaller "
        "after c; the classifier has collapsed, so that its gap means nothing, after d; there are too few rows to tell "
        "after e; the classifier reads no difference after f. It is not clearly smaller than the control's after b."
    )


def test_sentence_names_what_costs_more_accuracy_than_was_allowed():
    """Three points were allowed: the whole interval below −.03 is more, one that contains −.03 may not be."""
    costs = {"a": (-0.2, -0.031), "b": (-0.2, -0.03), "c": None}
    rows = [row("unchanged", CLEAR, n_changed=0), *(row(key, CLEAR, cost=cost) for key, cost in costs.items())]
    said = stress_sentence(curve(*rows, max_accuracy_loss=0.03))
    assert said.endswith(
        " It costs more than the 3 points of accuracy that were allowed when λ was chosen after a."
    )  # fmt: skip
    assert "costs" not in stress_sentence(curve(*rows))


@pytest.mark.parametrize(
    ("unchanged", "why"),
    [
        (row("unchanged", OPEN), "not clearly smaller"),
        (row("unchanged", None), "too few rows"),
        (row("unchanged", CLEAR, is_collapsed=True), "collapsed"),
    ],
)
def test_without_an_effect_nothing_can_be_kept(unchanged, why):
    said = stress_sentence(curve(unchanged, row("a", CLEAR)))
    assert why in said
    assert said.endswith("so there is no effect that could be kept.")


# the command


def test_command_prints_writes_and_keeps(finished, ended, tmp_path):
    """A part is not kept; a run of another home neither."""
    target, table = tmp_path / "s.json", tmp_path / "s.csv"
    code, out, err = ended(
        finished.folder, "--change", "png", "--json", target, "--csv", table, "--home", finished.home.path
    )
    assert (code, err) == (0, "")
    assert "PNG" in out
    assert "border, equalized odds" in out
    assert "Expected calibration error" in out
    assert "robust" not in out
    assert "Kept" not in out
    assert StressResult.from_json(json.loads(target.read_text()), path=target).n == 96
    assert table.read_text().startswith("curve,trigger")
    assert read_stress(finished.folder) is None


def test_figures_are_kept_where_asked(finished, ended, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder)
    code, out, _ = ended(folder, "--change", "png", "--keep", "--home", finished.home.path)
    assert code == 0
    assert "Kept in" in out
    assert read_stress(folder).curves[0].rows[1].change == "png"


def test_few_rows_are_not_kept_by_themselves_and_a_part_never_replaces_what_is_kept(finished, ended, tmp_path):
    code, out, _ = ended(finished.folder, "--rows", 16, "--home", finished.home.path)
    assert (code, "Kept" in out) == (0, False)
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder)
    (folder / FILE).write_text("whole")
    for part in (("--rows", 16), ("--curve", "border"), ("--change", "png"), ("--lam", 0.5)):
        code, _, err = ended(folder, *part, "--keep", "--home", finished.home.path)
        assert code == 2
        assert "by a part; leave out --keep" in err
    assert (folder / FILE).read_text() == "whole"


def test_command_refuses_in_one_line(finished, ended, tmp_path):
    code, _, err = ended(finished.folder, "--change", "frob", "--home", finished.home.path)
    assert code == 2
    assert "no change 'frob'" in err
    for shipped in ("demo", os.path.relpath(assets() / "demo" / "faces")):
        code, _, err = ended(shipped, "--keep", "--home", finished.home.path)
        assert code == 2
        assert "in a study that is shipped" in err
    (tmp_path / "mine.json").write_text("[1]")
    code, _, err = ended(finished.folder, "--json", tmp_path / "mine.json", "--home", finished.home.path)
    assert code == 2
    assert "is not a result of fairprog stress" in err
