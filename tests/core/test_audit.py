"""``fp.audit``: a study's numbers from predictions as people keep them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import equalized_odds_difference
from sklearn.metrics import roc_auc_score

import fairprog_core as fp
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.results.result import Result

ROOT = Path(__file__).resolve().parents[2]
OF_A_CURVE = {
    "method", "trigger", "criterion", "lam", "seed", "tuning_ratio", "delta", "changes", "levelling", "artifacts",
    "audit",
}  # fmt: skip
Y, Z = [0, 1, 0, 1] * 10, ["f", "f", "m", "m"] * 10


def made_up(n=600, seed=0):
    """Labels, groups and scores: the scores of "m" are higher by .2."""
    random = np.random.default_rng(seed)
    y, is_male = random.integers(0, 2, n), random.integers(0, 2, n)
    score = 0.3 * y + 0.2 * is_male + 0.5 * random.random(n)
    return y, np.array(["f", "m"])[is_male], score


def words(y):
    return np.array(["dark", "blond"])[y]


def audit_of(result, point):
    """The audit of a point's stored predictions, with the names of its labels and groups."""
    stored = result.predictions(point)
    y, groups = np.array(result.labels)[stored.y], np.array(result.group_names)[stored.z]
    return fp.audit(y, stored.logits, groups, labels=result.labels, weight=stored.weight)


def test_numbers_of_an_audit_equal_those_of_a_study(finished):
    """All of them, intervals too; the study was run by the same code."""
    study = finished.result
    audit, of_study = audit_of(study, study.base), study.base.to_json()
    shared = of_study.keys() - OF_A_CURVE
    assert {*METRICS, "auc", "auc_ci", "noise_gap", "group_rates", "groups", "labels"} <= shared
    assert {name: audit[name] for name in shared} == {name: of_study[name] for name in shared}
    assert audit["majority_accuracy"] == study.majority_accuracy
    assert audit.point.metric("auc").value is not None


@pytest.mark.parametrize("at", ["base", "chosen"])
def test_values_of_an_audit_equal_those_of_the_shipped_study(at):
    """Values alone: a study draws the resamples of a curve's points together with the base's."""
    study = Result.open(ROOT / "assets/demo/faces")
    point = study.base if at == "base" else study.chosen()[0]
    audit = audit_of(study, point)
    values = {name: estimate.value for name, estimate in point.metrics.items()}
    assert {name: audit[name] for name in values} == values
    assert None not in values.values()
    assert audit["counts"] == point.to_json()["counts"]


def test_numbers_agree_with_fairlearn_and_scikit_learn():
    y, z, score = made_up()
    audit = fp.audit(y, score, z)
    expected = equalized_odds_difference(y, score > 0.5, sensitive_features=z)
    assert audit["equalized_odds_difference"] == pytest.approx(expected)
    assert audit["auc"] == pytest.approx(roc_auc_score(y, score))
    low, high = audit["equalized_odds_difference_ci"]
    assert low < expected < high


def test_audit_is_a_mapping_that_json_can_hold():
    y, z, score = made_up()
    audit = fp.audit(y, score, z)
    assert isinstance(audit, Mapping)
    assert {f"{name}_ci" for name in [*METRICS, "auc"]} | {*METRICS, "auc"} <= set(audit)
    assert len(audit) == len(dict(audit)) == len(list(audit))
    assert json.loads(json.dumps(dict(audit))) == dict(audit)
    assert OF_A_CURVE & set(audit) == set()


def test_the_same_answers_in_any_form_give_the_same_audit():
    """Hard predictions lack the AUC, and nothing else."""
    y, z, score = made_up()
    soft = dict(fp.audit(y, score, z))
    logit = np.log(score / (1 - score))
    both = np.stack([1 - score, score], axis=1)
    assert dict(fp.audit(y, np.stack([np.zeros_like(logit), logit], axis=1), z)) == soft
    assert dict(fp.audit(y, both, z)) == soft
    assert dict(fp.audit(y.tolist(), both.tolist(), z.tolist())) == soft
    assert dict(fp.audit(pd.Series(y), pd.DataFrame(both), pd.Series(z, dtype="category"))) == soft
    assert dict(fp.audit(y.astype(bool), pd.Series(score, dtype="Float64"), z)) == soft | {"labels": ["False", "True"]}
    assert dict(fp.audit(torch.tensor(y), torch.tensor(score, requires_grad=True)[:, None], z)) == soft
    hard = soft | {"auc": None, "auc_ci": None}
    y_pred = (score > 0.5).astype(int)
    assert dict(fp.audit(y, y_pred, z)) == hard
    assert dict(fp.audit(y, y_pred.astype(float), z)) == hard
    assert dict(fp.audit(y, y_pred.astype(bool), z)) == hard
    assert dict(fp.audit(y, pd.DataFrame({"prediction": y_pred}), z)) == hard
    assert dict(fp.audit(words(y), words(y_pred), z, labels=["dark", "blond"])) == hard | {"labels": ["dark", "blond"]}


def test_half_floats_of_a_tensor_are_scores():
    y, z, score = made_up()
    narrow = torch.tensor(score).to(torch.bfloat16)
    assert fp.audit(y, narrow, z)["auc"] == pytest.approx(roc_auc_score(y, narrow.float().numpy()))


def test_scores_that_float32_cannot_tell_apart_stay_in_order():
    """A sure classifier: all probabilities round to 1 in float32, where every pair of rows would be a tie."""
    y, z, score = made_up()
    sure = 1 - 1e-9 * (1 - score)
    assert np.unique(sure.astype(np.float32)).tolist() == [1.0]
    assert fp.audit(y, sure, z)["auc"] == pytest.approx(roc_auc_score(y, score))


def test_labels_name_the_positive_class():
    """Of two words the second in ascending order is positive, unless ``labels`` has another order."""
    y, z, score = made_up()
    as_numbers = fp.audit(y, score, z)
    named = fp.audit(words(y), score, z, labels=["dark", "blond"])
    assert dict(named) == dict(as_numbers) | {"labels": ["dark", "blond"]}
    by_alphabet = fp.audit(words(y), 1 - score, z)
    assert by_alphabet["labels"] == ["blond", "dark"]
    for name in ("average_abs_odds_difference", "auc"):
        assert by_alphabet[name] == pytest.approx(as_numbers[name])
    assert by_alphabet["group_rates"][0]["selection_rate"]["value"] == pytest.approx(
        1 - as_numbers["group_rates"][0]["selection_rate"]["value"]
    )


def test_columns_of_a_table_are_found_by_the_names_of_the_labels():
    y, z, score = made_up()
    table = pd.DataFrame({"dark": 1 - score, "blond": score})
    expected = fp.audit(words(y), table.to_numpy(), z, labels=["dark", "blond"])
    assert dict(fp.audit(words(y), table[["blond", "dark"]], z, labels=["dark", "blond"])) == dict(expected)


def test_three_labels_take_the_largest_score():
    random = np.random.default_rng(1)
    y, z = random.integers(0, 3, 900), random.integers(0, 2, 900)
    logits = random.normal(size=(900, 3)) + 1.5 * np.eye(3)[y]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    audit = fp.audit(y, logits, z)
    assert audit["accuracy"] == pytest.approx((logits.argmax(axis=1) == y).mean())
    assert audit["auc"] == pytest.approx(roc_auc_score(y, shares, multi_class="ovr"), abs=1e-6)
    of_shares = fp.audit(y, shares, z)
    assert of_shares["auc"] == pytest.approx(audit["auc"], abs=1e-6)
    assert {**of_shares, "auc": 0, "auc_ci": 0} == {**audit, "auc": 0, "auc_ci": 0}
    assert "Label" in repr(audit)


def test_groups_that_overlap_are_columns():
    """Worked by hand: of "old" 3 of 5 are predicted 1, of "female" 8 of 10; ten rows are in no group."""
    y, old, female = [1] * 10 + [0] * 15, [1] * 5 + [0] * 20, [1] * 10 + [0] * 15
    y_pred = [1, 1, 1, 0, 0, 1, 1, 1, 1, 1] + [0] * 15
    audit = fp.audit(y, y_pred, pd.DataFrame({"old": old, "female": female}))
    assert audit["groups"] == ["old", "female"]
    assert audit["demographic_parity_difference"] == pytest.approx(8 / 10 - 3 / 5)
    assert audit["equalized_odds_difference"] is None
    assert audit["equalized_odds_difference_ci"] is None
    assert "too few rows" in repr(audit)


def test_value_without_an_interval_is_marked():
    y, z, score = made_up()
    audit = fp.audit(y, score, z)
    point = replace(audit.point, metrics=audit.point.metrics | {"worst_group_accuracy": Estimate(0.5, None)})
    (line,) = (line for line in repr(replace(audit, point=point)).splitlines() if "worst cell" in line)
    assert line.split()[-2:] == ["0.500", "–"]
    assert "–: a group, or a group and label, has too few rows." in repr(replace(audit, point=point))
    assert "–" not in repr(audit)


def test_every_cell_of_too_few_rows_is_named_once_and_the_area_has_a_sentence_of_its_own():
    """Of "m" 40 rows have the label blond, and 45 dark; of "f" 200 each. Predicted labels alone have no area."""
    y = np.array([0] * 200 + [1] * 200 + [0] * 45 + [1] * 40)
    z = np.array(["f"] * 400 + ["m\x1b"] * 85)
    y_pred = np.where(np.arange(485) % 5 == 0, 1 - y, y)
    text = repr(fp.audit(words(y), words(y_pred), z, labels=["dark", "blond"]))
    why = [line for line in text.splitlines() if line.startswith(("–:", "– as"))]
    assert why == [
        "–: too few rows for an interval (m\\x1b, blond: 40).",
        "– as area under the ROC curve: there are no scores, only predicted labels.",
    ]
    scored = repr(fp.audit(y, np.where(y_pred == 1, 0.9, 0.1), z))
    assert "only predicted labels" not in scored
    assert "too few rows for an interval (m\\x1b, 1: 40)." in scored
    large = repr(fp.audit(np.tile(y, 2), np.tile(y_pred, 2), np.tile(z, 2)))
    assert "too few rows" not in large
    assert "only predicted labels" in large


def test_weights_bring_rows_back_to_their_natural_mix():
    """Every row of "m" counts three times; gaps between rates of groups do not depend on that."""
    y, z, score = made_up()
    weight = np.where(z == "m", 3.0, 1.0)
    audit = fp.audit(y, score, z, weight=weight)
    assert audit["accuracy"] == pytest.approx(np.average((score > 0.5) == y, weights=weight))
    assert audit["equalized_odds_difference"] == fp.audit(y, score, z)["equalized_odds_difference"]


def test_label_that_is_named_may_be_absent():
    y, z, score = made_up()
    audit = fp.audit(y, (score > 0.5).astype(int) * 2, z, labels=[0, 1, 2])
    assert audit["labels"] == ["0", "1", "2"]
    assert audit["left_out"] == ["2"]


def test_text_reads_well_in_a_terminal():
    y, z, score = made_up(n=1200, seed=3)
    lines = repr(fp.audit(words(y), score, z, labels=["dark", "blond"])).splitlines()
    assert lines[0] == "Audit of 1,200 rows · labels: dark, blond (positive) · groups: f, m"
    assert lines[2].split() == ["Value", "95", "%", "interval", "Noise", "alone"]
    assert max(map(len, lines)) <= 120
    ends = {len(line) for line in lines[3:] if line.startswith(("Equalized-odds", "Demographic"))}
    assert len(ends) == 1, "the numbers stand below each other"
    assert all(line == line.rstrip() for line in lines)


def test_small_gap_is_marked_as_not_above_noise():
    """Both groups have the very same rows, so every gap is 0; the groups of `made_up` differ by .2."""
    y, z, score = made_up()
    twice = fp.audit(np.tile(y, 2), np.tile(score, 2), np.repeat(["f", "m"], len(y)))
    assert twice["demographic_parity_difference"] == 0 < twice["noise_gap"]["demographic_parity_difference"]
    assert repr(twice).count("(not clearly exceeded)") == 5
    assert "exceeded" not in repr(fp.audit(y, score, z))


def test_constant_classifier_has_collapsed_and_the_page_says_so():
    audit = fp.audit(Y, [0] * 40, Z)
    assert audit["collapsed"]
    assert audit["equalized_odds_difference"] == 0
    assert "Collapsed: the accuracy does not exceed 0.500, that of always predicting the most frequent" in repr(audit)
    assert "Collapsed" in audit._repr_html_()


class Text(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_page_of_a_notebook_holds_the_same_and_escapes_names():
    y, z, score = made_up()
    evil = "<script>alert(1)</script>"
    audit = fp.audit(np.array(["no & yes", evil])[y], score, np.where(z == "f", "<b>f</b>", "m\x1b[31m"))
    page = Text(audit._repr_html_())
    assert set(page.tags) == {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert evil in page.text
    assert "\x1b" not in page.text + repr(audit)
    assert f"{audit['accuracy']:.3f}" in page.text
    assert page.tags.count("table") == 2


def test_many_groups_do_not_flood_the_title():
    audit = fp.audit([0, 1] * 60, [0, 1] * 60, np.repeat(np.arange(20), 6))
    assert "… (20)" in repr(audit).splitlines()[0]


def test_audit_leaves_torch_alone_and_pandas_where_it_is_not_given():
    code = (
        "import sys, numpy as np, fairprog_core as fp; y, z = [0, 1] * 20, ['f', 'f', 'm', 'm'] * 10; "
        "a = fp.audit(y, np.array(y) / 2 + .1, np.array(z)), fp.audit(y, y, {'f': y, 'm': y[::-1]}); "
        "print(len(repr(a)) > 0, *{'torch', 'pandas', 'pyarrow', 'streamlit'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"], done.stderr


SHUFFLED = pd.Series(Y).sample(frac=1, random_state=0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: fp.audit([], [], []), "y_true is empty"),
        (lambda: fp.audit(Y, Y[:-1], Z), "y_true has 40, y_pred_or_scores has 39, z has 40"),
        (lambda: fp.audit(Y, Y, Z[:-1]), "z has 39"),
        (lambda: fp.audit(Y, Y, Z, weight=[1.0]), "weight has 1"),
        (lambda: fp.audit([1] * 40, Y, Z), "y_true holds a single label, 1"),
        (lambda: fp.audit(Y, Y, ["f"] * 40), "z holds a single group, 'f'"),
        (lambda: fp.audit([None, *Y[1:]], Y, Z), r"y_true has 1 missing values \(the first in row 0\)"),
        (lambda: fp.audit(Y, [None, *Y[1:]], Z), "y_pred_or_scores has 1 missing values"),
        (lambda: fp.audit(Y, [np.nan, *[0.5] * 39], Z), r"_scores has 1 rows with NaN .* \(the first is row 0\)"),
        (lambda: fp.audit(Y, np.full((40, 2), np.inf), Z), "y_pred_or_scores has 40 rows with NaN or infinite"),
        (lambda: fp.audit(Y, pd.Series([pd.NA, *[0.5] * 39], dtype="Float64"), Z), "1 rows with NaN"),
        (lambda: fp.audit(Y, Y, [None, *Z[1:]]), "z has 1 missing values"),
        (lambda: fp.audit(Y, [1.5, *[0.5] * 39], Z), "_scores holds 1.5, outside 0 … 1; give the probability of 1"),
        (lambda: fp.audit(Y, [-3.0, *[2.0] * 39], Z), "holds -3, outside 0 … 1"),
        (lambda: fp.audit(Y, [2, *Y[1:]], Z), "y_pred_or_scores holds 2, which is none of the labels 0, 1"),
        (lambda: fp.audit(words(np.array(Y)), Y, Z), "holds 0, which is none of the labels 'blond', 'dark'"),
        (lambda: fp.audit(Y, Y, Z, labels=[1, 2]), "y_true holds 0, which is none of the labels 1, 2"),
        (lambda: fp.audit(Y, Y, Z, labels=[0, 0, 1]), "repeat a value"),
        (lambda: fp.audit(Y, Y, Z, labels=1), "labels is 1; give a list of labels"),
        (lambda: fp.audit(Y, Y, Z, labels=[[0], [1]]), "labels is .*; give a list of labels"),
        (lambda: fp.audit(Y, np.zeros((40, 3)), Z), r"has 3 columns, y_true 2 labels \(0, 1\)"),
        (lambda: fp.audit(Y, np.zeros((40, 3)), Z, labels=[0, 1, 2, 3]), "has 3 columns, labels= 4 labels"),
        (lambda: fp.audit(Y, np.zeros((40, 2, 2)), Z), r"has the shape \(40, 2, 2\)"),
        (lambda: fp.audit([*Y[:-1], 2], [0.5] * 40, Z), r"has one score per row, but y_true has 3 labels"),
        (lambda: fp.audit(Y, [["a", "b"]] * 40, Z), "holds 'a', and not numbers alone"),
        (lambda: fp.audit(Y, [[None, 1]] * 40, Z), "has 40 rows with NaN"),
        (lambda: fp.audit(Y, np.zeros((0, 2)), Z), "y_pred_or_scores is empty"),
        (lambda: fp.audit(Y, np.ma.masked_array(Y, mask=[1] + [0] * 39), Z), "y_pred_or_scores has 1 missing values"),
        (lambda: fp.audit(Y, Y, np.ma.masked_array(Z, mask=[1] + [0] * 39)), "z has 1 missing values"),
        (lambda: fp.audit(pd.MultiIndex.from_tuples([(0, 1)] * 40), Y, Z), "y_true is no column of values"),
        (lambda: fp.audit(Y, torch.zeros(40, 2, dtype=torch.complex64), Z), "holds 0j, and not numbers alone"),
        (lambda: fp.audit(Y, Y, Z, weight=np.array([1j] * 40)), "weight holds something else than numbers"),
        (lambda: fp.audit(Y, [[1, 2], [3]], Z), "y_pred_or_scores is no table of numbers"),
        (lambda: fp.audit(Y, None, Z), "y_pred_or_scores is None"),
        (lambda: fp.audit(Y, 1, Z), "y_pred_or_scores is 1"),
        (lambda: fp.audit("01" * 20, Y, Z), "y_true is '0101"),
        (lambda: fp.audit(Y, Y, Z, weight=["a"] * 40), "weight holds something else than numbers"),
        (lambda: fp.audit(Y, Y, Z, weight=[[1.0]] * 40), r"weight has the shape \(40, 1\)"),
        (lambda: fp.audit(Y, Y, Z, weight=[-1.0] * 40), "NaN, infinite or negative"),
        (lambda: fp.audit(Y, Y, Z, weight=np.arange(40.0)), "Rows of one group and label have different weights"),
        (lambda: fp.audit(Y, Y, Z, draws=0), "draws is 0; give a whole number of at least 100"),
        (lambda: fp.audit(SHUFFLED, Y, pd.Series(Z)), "The index of z holds the rows of y_true in another order"),
    ],
)  # fmt: skip
def test_what_cannot_be_audited_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(fp.FairprogError, match=sentence) as refused:
        call()
    assert str(refused.value).count("\n") == 0
    assert str(refused.value).endswith(".")
