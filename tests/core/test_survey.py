"""The survey of a curve: what it says, that it is repeatable, and that it leaves everything as it was."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.common.types import Groups
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset, Split
from fairprog_core.explain.base import ExplanationResult
from fairprog_core.explain.conditions import find_collapsed
from fairprog_core.explain.gallery import pick, to_int8, to_uint8
from fairprog_core.explain.image.conditions import ImageConditions
from fairprog_core.explain.image.report import explanation_report
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.image import ImageTrigger
from tests.core.test_grad_cam import n_hooks

LAMS = [0.0, 2.0, 8.0]
M, S = 5, 32
KINDS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "image"]


@dataclass(frozen=True)
class ExplainSettings:
    gallery: int = M
    rows: int = 16
    probe: bool = False


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    options = DATASETS["faces"].options(image_size=S, n_train=64, n_tune=64, n_val=16, n_test=32)
    made: Dataset = build(DATASETS, options, Home(tmp_path_factory.mktemp("home")))
    return made


def base(kind: str = "residual_net") -> Classifier:
    torch.manual_seed(0)
    made: Classifier = build(CLASSIFIERS, CLASSIFIERS[kind].options(), n_classes=2, image_size=S)
    return freeze(made)


def trigger(kind: str = "border") -> ImageTrigger:
    """As if it were trained: the anchors are not zero."""
    made: ImageTrigger = build(TRIGGERS, TRIGGERS[kind].options(), image_size=S)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        made.anchors.copy_(torch.randn(made.anchors.shape, generator=generator))
    return made


def look(
    dataset: Dataset, *, looks: ExplainSettings | None = None, kind: str = "border", net: str = "residual_net"
) -> ExplanationResult:
    *_, last = explanation_report(
        dataset, base(net), trigger(kind), LAMS, looks or ExplainSettings(), chosen_lam=2.0, criterion="x"
    )
    assert last.findings is not None
    return last.findings


@pytest.fixture(scope="module")
def found(faces: Dataset) -> ExplanationResult:
    return look(faces, looks=ExplainSettings(probe=True))


def numbers(means: dict[str, object]) -> Iterator[dict[str, float] | None]:
    for key in ("without", "untrained", "black"):
        yield means[key]  # type: ignore[misc]
    yield from means["lam"]  # type: ignore[misc]


def test_control_that_calls_everything_alike_has_collapsed():
    """On 80 rows, 20 for every group and label: one control is always right, the other never says 1."""
    z, y = np.arange(80) % 2, np.arange(80) // 2 % 2
    split, groups = Split(np.zeros(80), y, z, np.full((2, 2), 0.25), True), Groups.exclusive("female", "male")
    right, zeros = np.eye(2)[y], np.tile([1.0, 0.0], (80, 1))
    assert find_collapsed(split, [right, right, zeros], ["untrained", "black"], groups=groups) == ["black"]
    assert find_collapsed(split, [right, right[:, ::-1], right], ["untrained", "black"], groups=groups) == ["untrained"]
    few = Split(split.x[:56], y[:56], z[:56], split.cell_share, True)
    assert find_collapsed(few, [right[:56], right[:56], zeros[:56]], ["untrained", "black"], groups=groups) is None


def test_every_mean_has_value_interval_and_n(found: ExplanationResult):
    explain = found.explain.to_json()
    assert explain["lams"] == LAMS
    assert explain["rows"] == 16
    assert explain["regions"] == ["hair", "face"]
    tables = [explain["hair_share"], explain["ig_hair_share"], *explain["erasure"].values()]
    tables += [explain["twins"]["logit_difference"], explain["twins"]["flip_share"]]
    assert list(explain["erasure"]) == ["hair", "face", "ratio"]
    for table in tables:
        means = list(numbers(table))
        assert len(means) == 3 + len(LAMS)
        for mean in means:
            assert mean is None or (mean["n"] > 0 and mean["ci"][0] <= mean["value"] <= mean["ci"][1])


def test_findings_are_plain_json(found: ExplanationResult):
    json.dumps([found.explain.to_json(), found.probe.to_json(), found.metadata], allow_nan=False)
    assert found.metadata["labels"] == ["not blond", "blond"]
    assert found.metadata["trigger"] == "border"
    assert found.metadata["criterion"] == "x"


def test_gallery_has_the_agreed_arrays(found: ExplanationResult):
    k, a = len(LAMS), 4
    expected = {
        "photo": (M, S, S, 3), "row": (M,), "y": (M,), "z": (M,), "lams": (k,), "nulls": (4, S, S, 3),
        "photo_box": (4,), "trigger": (k, S, S, 4), "trigger_untrained": (S, S, 4), "trigger_black": (S, S, 4),
    }  # fmt: skip
    for name, shape in {
        "logits": (2,),
        "cam": (a, a),
        "ig": (S, S),
        "cam_class": (2, a, a),
        "ig_delta": (),
        "ig_steps": (),
    }.items():
        expected |= {f"{name}_{key}": (M, *shape) for key in ("without", "untrained", "black")}
        expected[name] = (M, k, *shape)
    assert {name: found.gallery[name].shape for name in expected} == expected
    assert found.gallery["cam"].dtype == np.uint8
    assert found.gallery["ig"].dtype == np.int8
    assert set(found.gallery["cam"].max(axis=(-2, -1)).ravel().tolist()) <= {0, 255}


def test_gallery_rows_are_rows_of_the_test_split(found: ExplanationResult, faces: Dataset):
    split, rows = faces.split("test"), found.gallery["row"]
    np.testing.assert_array_equal(split.x[rows], found.gallery["photo"])
    np.testing.assert_array_equal(split.y[rows], found.gallery["y"])


@pytest.mark.parametrize("kind", KINDS)
def test_gallery_logits_are_those_of_the_wrapped_classifier(kind: str, faces: Dataset):
    found = look(faces, kind=kind, looks=ExplainSettings(rows=0))
    x = torch.from_numpy(found.gallery["photo"]).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        expected = trigger(kind).wrap(base(), lam=2.0)(x).numpy()
        control = trigger(kind).black().wrap(base(), lam=0.0)(x).numpy()
    np.testing.assert_allclose(found.gallery["logits"][:, 1], expected, atol=1e-5)
    np.testing.assert_allclose(found.gallery["logits_black"], control, atol=1e-5)
    assert found.explain.to_json()["hair_share"] is None


def test_probe_says_what_every_classifier_reads(found: ExplanationResult):
    probe = found.probe.to_json()
    assert [one["init"] for one in probe["classifiers"]] == ["seed 1", "seed 2", "base weights"]
    for one in probe["classifiers"]:
        for null in probe["nulls"]:
            told = np.array([*(one["probability"][null][key] for key in ("without", "untrained", "black"))])
            curve = np.array(one["probability"][null]["lam"])
            assert told.shape == (3, 2)
            assert curve.shape == (len(LAMS), 2)
            assert np.concatenate([told, curve]).sum(1) == pytest.approx(1.0)
        black = one["probability"]["black"]  # a black frame around a black picture is a black picture
        assert black["without"] == pytest.approx(black["black"], abs=1e-4)
    for kind in ("reading", "reading_fixed", "reading_logits"):
        assert probe[kind]["chance"] == pytest.approx(0.5)
        assert all(mean is not None and 0 <= mean["value"] <= 1 for mean in numbers(probe[kind]))
    assert probe["reading_fixed"]["without"] == probe["reading"]["without"]


def test_map_of_the_predicted_class_is_among_those_of_every_class(found: ExplanationResult):
    predicted = found.gallery["logits_without"].argmax(1)
    np.testing.assert_array_equal(
        found.gallery["cam_class_without"][np.arange(M), predicted], found.gallery["cam_without"]
    )


def test_same_seed_gives_the_same_findings(found: ExplanationResult, faces: Dataset):
    again = look(faces, looks=ExplainSettings(probe=True))
    assert again.explain == found.explain
    assert again.probe == found.probe
    for name, array in found.gallery.items():
        np.testing.assert_array_equal(again.gallery[name], array)


def test_controls_equal_the_trigger_when_it_is_untrained(faces: Dataset):
    fresh: ImageTrigger = build(TRIGGERS, TRIGGERS["border"].options(), image_size=S)
    *_, last = explanation_report(faces, base(), fresh, LAMS, ExplainSettings())
    assert last.findings is not None
    share = last.findings.explain.to_json()["hair_share"]
    assert share["lam"] == [share["untrained"]] * len(LAMS)


@pytest.mark.parametrize("net", ["hybrid"])
def test_other_classifiers_are_looked_into_too(net: str, faces: Dataset):
    found = look(faces, net=net)
    assert found.gallery["cam"].shape == (M, len(LAMS), 4, 4)
    assert found.gallery["cam"].any()


def test_classifier_trigger_and_hooks_are_as_before(faces: Dataset):
    classifier, learned = base(), trigger()
    weights, values = classifier.digest(), {k: v.clone() for k, v in learned.state_dict().items()}
    list(explanation_report(faces, classifier, learned, LAMS, ExplainSettings(probe=True)))
    assert classifier.digest() == weights
    assert all(torch.equal(value, values[name]) for name, value in learned.state_dict().items())
    assert learned.shared.requires_grad
    assert n_hooks(classifier) + n_hooks(learned) == 0


def test_progress_grows_and_closing_stops(faces: Dataset):
    steps = list(explanation_report(faces, base(), trigger(), LAMS, ExplainSettings()))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(step.findings is None for step in steps[:-1])
    begun = explanation_report(faces, base(), trigger(), LAMS, ExplainSettings())
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert next(begun, None) is None


def test_data_without_regions_and_twins_says_none(faces: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(faces, "regions_of", lambda name, row: {})
    monkeypatch.setattr(faces, "twins", lambda n: None)
    found = look(faces)
    assert found.explain.to_json()["regions"] == []
    assert found.explain.to_json()["erasure"] is None
    assert found.explain.to_json()["twins"] is None
    assert found.gallery["ig"].any()


def test_empty_gallery_is_allowed(faces: Dataset):
    found = look(faces, looks=ExplainSettings(gallery=0))
    assert found.gallery["photo"].shape == (0, S, S, 3)
    assert found.explain.to_json()["hair_share"] is not None


def test_more_rows_than_there_are_means_all(faces: Dataset):
    assert look(faces, looks=ExplainSettings(rows=10_000)).explain.to_json()["rows"] == 32


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_first_equals_the_whole_trigger(kind: str):
    classifier, learned = base(), trigger(kind)
    conditions = ImageConditions(classifier, learned, LAMS)
    x = torch.rand(3, 3, S, S, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for condition, lam in zip(conditions[3:], LAMS, strict=True):
            seen = condition.picture(conditions.fit(x).placed)
            torch.testing.assert_close(seen, learned(x, lam), atol=1e-6, rtol=0)


def test_gallery_takes_turns_over_cells_and_holds_changed_photos():
    """Two cells, four photos: two of each; in the first cell only row 5 changed, and it is taken."""
    z = np.array([0] * 6 + [1] * 6)
    changed = np.zeros(12, dtype=bool)
    changed[5] = True
    rows = pick(np.zeros(12, dtype=np.int64), z, changed, 4)
    assert sorted(z[rows].tolist()) == [0, 0, 1, 1]
    assert 5 in rows


def test_gallery_is_not_all_changed_photos():
    """All of cell 0's photos but one changed: half of its places are theirs."""
    changed = np.array([True] * 5 + [False])
    rows = pick(np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64), changed, 2)
    assert changed[rows].tolist() == [True, False]


def test_maps_become_small_integers():
    assert to_uint8(np.array([[0.0, 0.5, 1.0]], dtype=np.float32)).tolist() == [[0, 128, 255]]
    assert to_int8(np.array([[[-2.0, 1.0]], [[0.0, 0.0]]], dtype=np.float32)).tolist() == [[[-127, 64]], [[0, 0]]]
