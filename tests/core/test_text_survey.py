"""The survey of a text curve: the agreed keys and shapes, numbers that add up, and that nothing is changed."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Dataset
from fairprog_core.explain import TextProbeOptions
from fairprog_core.explain.base import ExplanationResult, finish
from fairprog_core.explain.conditions import Rival
from fairprog_core.explain.probe import demographic_classifier
from fairprog_core.explain.text import report as text_survey
from fairprog_core.explain.text.conditions import TRIGGER, TextConditions
from fairprog_core.explain.text.report import explanation_report, share_on
from fairprog_core.explain.text.token_gradients import LEAST_CHANGE, TokenGradients
from fairprog_core.explain.text.words import WordedText, worded
from fairprog_core.results.gallery_file import Gallery, read_gallery, write_gallery
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.text import TextTrigger
from tests.core.test_grad_cam import n_hooks
from tests.tiny_encoders import make, read, save_family

LAMS = [0.0, 2.0, 8.0]
M, N, K, L = 5, 12, 3, len(LAMS)
CONTROLS = ("without", "random_words", "neutral_words")
KINDS = [kind for kind, entry in TRIGGERS.items() if entry.options.modality == "text"]


@dataclass(frozen=True)
class ExplainSettings:
    gallery: int = M
    rows: int = N
    probe: bool = False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT that spells what it does not know, with room for whole comments."""
    return save_family("bert", tmp_path_factory.mktemp("encoder"), max_position_embeddings=220)


@pytest.fixture(scope="module")
def comments(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    options = DATASETS["comments"].options(n_train=64, n_tune=64, n_val=48, n_test=48)
    made: Dataset = build(DATASETS, options, Home(tmp_path_factory.mktemp("home")))
    return made


@pytest.fixture(scope="module")
def base(folder: Path) -> Encoder:
    return freeze(make(folder, n_classes=2, max_length=180))


def trigger(base: Encoder, kind: str = "soft", **options: Any) -> TextTrigger:
    """As if it were trained: the anchors are not zero."""
    made: TextTrigger = build(
        TRIGGERS, TRIGGERS[kind].options(n_words=K, **options), anchor_lams=(0.0, 2.0, 8.0), **base.input_spec
    ).attach_to(base)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        made.anchors.add_(torch.randn(made.anchors.shape, generator=generator))
    return made


def look(
    dataset: Dataset, base: Encoder, looks: ExplainSettings, learned: TextTrigger | None = None
) -> ExplanationResult:
    learned = trigger(base) if learned is None else learned
    *_, last = explanation_report(dataset, base, learned, LAMS, looks, chosen_lam=2.0, criterion="equalized_odds")
    assert last.findings is not None
    return last.findings


@pytest.fixture(scope="module")
def found(comments: Dataset, base: Encoder) -> ExplanationResult:
    return look(comments, base, ExplainSettings(probe=True))


def each(table: Mapping[str, Any]) -> list[Any]:
    return [*(table[key] for key in CONTROLS), *table["lam"]]


def by_condition(name: str, shape: tuple[int, ...], *, of_lam: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {name: of_lam, **{f"{name}_{key}": shape for key in CONTROLS}}


# ---- the agreed form


def test_summary_has_the_agreed_keys(found: ExplanationResult):
    explain = found.explain.to_json()
    assert explain.keys() == {"lams", "regions", "rows", "ig_identity_share", "twins", "paired", "flat", "by_group"}
    assert (explain["lams"], explain["regions"], explain["rows"]) == (LAMS, ["identity words"], N)
    assert explain["twins"]["names"] == ["christian", "muslim"]
    tables = [explain["ig_identity_share"], explain["twins"]["logit_difference"], explain["twins"]["flip_share"]]
    for table in tables:
        assert list(table) == [*CONTROLS, "lam"]
        assert len(table["lam"]) == L
        for mean in each(table):
            assert mean.keys() == {"value", "ci", "n"}
            assert mean["n"] > 1
            assert mean["ci"][0] <= mean["value"] <= mean["ci"][1]
    assert all(0 < mean["value"] < 1 for mean in each(explain["ig_identity_share"]))


def test_gallery_has_the_agreed_arrays_and_no_others(found: ExplanationResult):
    w = sum(len(words) for words in found.metadata["texts"])
    expected = {"row": (M,), "y": (M,), "z": (M,), "lams": (L,), "first": (M + 1,), "is_identity": (w,)}
    expected |= by_condition("ig", (w,), of_lam=(w, L)) | by_condition("logits", (M, 2), of_lam=(M, L, 2))
    expected |= by_condition("ig_trigger", (M, K), of_lam=(M, L, K))
    del expected["ig_trigger_without"]
    for name in ("ig_delta", "ig_absolute_delta", "ig_steps", "ig_converged"):
        expected |= by_condition(name, (M,), of_lam=(M, L))
    assert {name: array.shape for name, array in found.gallery.items()} == expected
    assert found.gallery["ig"].dtype == np.float32
    assert found.gallery["first"].dtype == np.int64
    assert found.gallery["is_identity"].dtype == np.uint8


def test_description_has_the_agreed_keys_and_can_be_written(found: ExplanationResult, tmp_path: Path):
    about = found.metadata
    assert about.keys() == {
        "labels", "groups", "criterion", "trigger", "seed", "ig_steps", "ig_max_steps", "ig_tolerance", "ig_baseline",
        "picked", "texts", "is_cut", "trigger_words", "is_nearest", "position",
    }  # fmt: skip
    assert about["labels"] == ["not toxic", "toxic"]
    assert about["groups"] == ["christian", "muslim", "other"]
    assert (about["trigger"], about["criterion"]) == ("soft", "equalized_odds")
    assert len(about["texts"]) == len(about["is_cut"]) == M
    assert about["trigger_words"].keys() == {"lam", "random_words", "neutral_words"}
    assert [len(words) for words in about["trigger_words"]["lam"]] == [K] * L
    write_gallery(tmp_path / "gallery.safetensors", Gallery(found.gallery, about))
    again = read_gallery(tmp_path / "gallery.safetensors")
    assert again.about == json.loads(json.dumps(about))
    np.testing.assert_array_equal(again.arrays["ig"], found.gallery["ig"])
    json.dumps([found.explain.to_json(), found.probe.to_json()], allow_nan=False)


def test_probe_has_the_agreed_form(found: ExplanationResult):
    probe = found.probe.to_json()
    assert (probe["lams"], probe["groups"], probe["nulls"]) == (LAMS, ["christian", "muslim", "other"], ["empty"])
    assert [one["init"] for one in probe["classifiers"]] == ["seed 1", "seed 2", "base weights"]
    for one in probe["classifiers"]:
        assert one.keys() == {"name", "init", "accuracy", "accuracy_ci", "n", "probability"}
        said = np.array(each(one["probability"]["empty"]))
        assert said.shape == (3 + L, 3)
        assert said.sum(1) == pytest.approx(1.0)
        assert np.abs(said[1:] - said[0]).max() > 1e-6  # the trigger and the controls are read
    for kind in ("reading", "reading_fixed", "reading_logits"):
        assert probe[kind]["chance"] == pytest.approx(1 / 3)
        assert len(each(probe[kind])) == 3 + L
    assert probe["reading_fixed"]["without"] == probe["reading"]["without"]


# ---- the numbers


def test_sentences_are_rows_of_the_test_split(found: ExplanationResult, comments: Dataset):
    split, rows = comments.split("test"), found.gallery["row"]
    assert found.metadata["texts"] == [text.split() for text in split.x[rows]]
    np.testing.assert_array_equal(split.y[rows], found.gallery["y"])
    np.testing.assert_array_equal(split.z[rows], found.gallery["z"])
    assert found.gallery["first"].tolist() == np.cumsum([0, *map(len, found.metadata["texts"])]).tolist()
    names = frozenset().union(*comments.identity_words().values())
    words = [word for text in found.metadata["texts"] for word in text]
    expected = [bool(names & set(re.findall("[a-z]+", word.lower()))) for word in words]
    assert found.gallery["is_identity"].astype(bool).tolist() == expected
    assert any(expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", ["start", "end"])
def test_logits_are_those_of_the_wrapped_classifier(kind: str, position: str, comments: Dataset, base: Encoder):
    learned = trigger(base, kind, position=position)
    found = look(comments, base, ExplainSettings(rows=0, gallery=3), learned)
    x = read(base, *comments.split("test").x[found.gallery["row"]])
    with torch.no_grad():
        for number, lam in enumerate(LAMS):
            expected = learned.wrap(base, lam=lam)(x).numpy()
            np.testing.assert_allclose(found.gallery["logits"][:, number], expected, atol=1e-4)
        np.testing.assert_allclose(found.gallery["logits_without"], base(x).numpy(), atol=1e-4)
    assert found.metadata["position"] == position
    assert found.metadata["is_nearest"] == (kind == "soft")


@pytest.mark.parametrize("position", ["start", "end"])
def test_words_and_trigger_add_up_to_the_change_from_an_empty_text(
    position: str, comments: Dataset, base: Encoder
):  # fmt: skip
    """The baseline's logits are computed here: [PAD] between [CLS] and [SEP], as many as words and trigger have."""
    gallery = look(comments, base, ExplainSettings(rows=0), trigger(base, position=position)).gallery
    pad = base.embedding[base.tokens.pad_id]
    for text in range(M):
        x = read(base, comments.split("test").x[gallery["row"][text]])
        words = slice(*gallery["first"][text : text + 2])
        conditions = [("_without", 0, None), ("_random_words", K, None), ("", K, 1)]
        for suffix, more, lam in conditions:
            vectors = torch.cat([x.vectors[:, :1], pad.expand(1, x.mask.shape[1] - 2 + more, -1), x.vectors[:, -1:]], 1)
            with torch.no_grad():
                start = base(x._replace(vectors=vectors, mask=torch.ones(vectors.shape[:2], dtype=torch.bool)))[0]
            of = lambda name, at=text, lam=lam: gallery[name][at] if lam is None else gallery[name][at, lam]  # noqa: E731
            end, ig = of(f"logits{suffix}"), gallery[f"ig{suffix}"][words]
            total = float((ig if lam is None else ig[:, lam]).sum())
            total += float(of(f"ig_trigger{suffix}").sum()) if more else 0.0
            change = float(end[1] - end[0]) - float(start[1] - start[0])
            assert total - float(of(f"ig_absolute_delta{suffix}")) == pytest.approx(change, abs=2e-3)
            relative = abs(float(of(f"ig_absolute_delta{suffix}"))) / max(abs(change), LEAST_CHANGE)
            assert float(of(f"ig_delta{suffix}")) == pytest.approx(relative, abs=1e-3)
            assert bool(of(f"ig_converged{suffix}")) == (float(of(f"ig_delta{suffix}")) < 0.01)


def test_share_counts_sizes_of_words_on_identity_words():
    """Words Muslims (pieces .5 and −.2: .3), are (−.1), here (.2): .3 / .6; [CLS] and [SEP] are nobody's."""
    text = WordedText(np.zeros(6, np.int32), ["Muslims", "are", "here"], np.array([-1, 0, 0, 1, 2, -1]), False)
    tokens = np.array([5.0, 0.5, -0.2, -0.1, 0.2, 5.0], dtype=np.float32)
    assert share_on(frozenset({"muslims"}), text, tokens) == pytest.approx(0.5)
    assert np.isnan(share_on(frozenset({"muslims"}), text, np.zeros(6, np.float32)))


@pytest.mark.parametrize(("position", "expected"), [("start", [0, -1, -1, -1, 1, 2]), ("end", [0, 1, -1, -1, -1, 2])])
def test_origin_tells_the_triggers_tokens_from_the_texts(position: str, expected: list[int], base: Encoder):
    """Texts [CLS] dog [SEP] and [CLS] the cat [SEP]; three words of a trigger."""
    for kind in KINDS:
        conditions = TextConditions(base, trigger(base, kind, position=position), LAMS)
        x = read(base, "dog", "the cat")
        for condition in conditions[1:]:
            assert condition.origin(x)[0, :6].tolist() == expected
            assert ((condition.origin(x) == TRIGGER).sum(1) == K).all()
        assert conditions[0].origin(x)[1].tolist() == [0, 1, 2, 3]


def test_trigger_words_are_those_of_the_trigger(base: Encoder):
    learned = trigger(base, "hard")
    told = TextConditions(base, learned, LAMS).describe()
    assert told["trigger_words"]["lam"] == [learned.words(lam, base) for lam in LAMS]
    assert told["trigger_words"]["neutral_words"] == ["it", "i", "##s"]  # "it is", where "is" is spelled
    assert not told["is_nearest"]


def test_untrained_trigger_is_the_same_at_every_lam(comments: Dataset, base: Encoder):
    explain = look(comments, base, ExplainSettings(gallery=2), trigger(base).untrained()).explain
    for table in (explain.ig_identity_share, explain.counterfactuals.logit_difference):
        assert table.lam == [table.lam[0]] * L
        assert table.lam[0] != table.without


# ---- a classifier with weights of its own


@pytest.fixture(scope="module")
def rival(folder: Path) -> Rival:
    """The same encoder with another head and other layers."""
    classifier = make(folder, n_classes=2, max_length=180)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in classifier.parameters():
            if value.requires_grad:
                value.add_(0.1 * torch.randn(value.shape, generator=generator))
    return Rival("adv_in", 2.0, freeze(classifier))


@pytest.fixture(scope="module")
def beside(comments: Dataset, base: Encoder, rival: Rival) -> ExplanationResult:
    *_, last = explanation_report(
        comments, base, trigger(base), LAMS, ExplainSettings(probe=True), chosen_lam=2.0, criterion="equalized_odds",
        rivals=[rival],
    )  # fmt: skip
    assert last.findings is not None
    return last.findings


def test_rivals_words_are_those_of_a_look_at_its_own_classifier(
    beside: ExplanationResult, comments: Dataset, base: Encoder, rival: Rival
):
    own, gallery = rival.classifier, beside.gallery
    explainer = TokenGradients(baseline=own.embedding[own.tokens.pad_id].detach())
    for number, written in enumerate(comments.split("test").x[gallery["row"]]):
        text = worded(own, written)
        found = explainer.explain(own, read(own, written), target=1)
        part = slice(*gallery["first"][number : number + 2])
        np.testing.assert_allclose(gallery["ig_adv_in"][part], text.by_word(found.maps[0].numpy()), atol=1e-5)
        np.testing.assert_allclose(gallery["logits_adv_in"][number], found.logits[0].numpy(), atol=1e-5)
    assert "ig_trigger_adv_in" not in gallery
    alone = look(comments, own, ExplainSettings(gallery=0), trigger(base))
    assert not np.allclose(beside.gallery["ig_adv_in"], beside.gallery["ig_without"], atol=1e-3)
    assert beside.explain.ig_identity_share.rivals["adv_in"] == alone.explain.ig_identity_share.without
    for name in ("logit_difference", "flip_share"):
        of_rival = getattr(beside.explain.counterfactuals, name).rivals["adv_in"]
        assert of_rival == getattr(alone.explain.counterfactuals, name).without


def test_rivals_change_nothing_else(beside: ExplanationResult, found: ExplanationResult):
    assert beside.explain.to_json()["rivals"] == beside.metadata["rivals"] == {"adv_in": 2.0}
    assert beside.explain.to_json()["ig_identity_share"] == found.explain.to_json()["ig_identity_share"] | {
        "adv_in": beside.explain.to_json()["ig_identity_share"]["adv_in"]
    }
    assert beside.probe == found.probe
    assert {key: value for key, value in beside.metadata.items() if key != "rivals"} == found.metadata
    for name, array in found.gallery.items():
        np.testing.assert_array_equal(beside.gallery[name], array)


# ---- what may be missing


def test_data_without_identity_words_and_twins_says_none(
    comments: Dataset, base: Encoder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(comments, "identity_words", dict)
    monkeypatch.setattr(comments, "twins", lambda n: None)
    found = look(comments, base, ExplainSettings(gallery=2))
    assert found.explain.to_json()["regions"] == []
    assert found.explain.to_json()["ig_identity_share"] is None
    assert found.explain.to_json()["twins"] is None
    assert not found.gallery["is_identity"].any()
    assert found.gallery["ig"].any()


def test_nothing_asked_gives_empty_arrays(comments: Dataset, base: Encoder):
    found = look(comments, base, ExplainSettings(gallery=0, rows=0))
    assert found.explain.to_json() == {
        "lams": LAMS, "regions": ["identity words"], "rows": 0, "ig_identity_share": None, "twins": None,
    }  # fmt: skip
    assert found.gallery["ig"].shape == (0, L)
    assert found.gallery["ig_trigger"].shape == (0, L, K)
    assert found.metadata["texts"] == []
    assert found.probe is None


def test_only_so_many_rows_with_identity_words_are_attributed(
    comments: Dataset, base: Encoder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(text_survey, "IG_ROWS", 4)
    table = look(comments, base, ExplainSettings(gallery=0)).explain.to_json()["ig_identity_share"]
    assert {mean["n"] for mean in each(table)} == {4}


def test_model_that_is_gone_leaves_the_bases_own_weights(
    comments: Dataset, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = shutil.copytree(folder, tmp_path / "encoder")
    own = freeze(make(copy, n_classes=2, max_length=180))
    shutil.rmtree(copy)
    probe = look(comments, own, ExplainSettings(gallery=0, probe=True)).probe
    assert [one.init for one in probe.classifiers] == ["base weights"]


@pytest.mark.parametrize("change", [{"steps": 3}, {"tuned_layers": 1}], ids=str)
def test_reader_that_is_trained_otherwise_is_another(
    comments: Dataset, base: Encoder, folder: Path, tmp_path: Path, change: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    def learn(schedule: EncoderOptions) -> None:
        monkeypatch.setattr(TextProbeOptions, "schedule", lambda _self, _init: schedule)
        finish(demographic_classifier("seed 1", comments, base, home=Home(tmp_path), options=TextProbeOptions()))

    usual = EncoderOptions(model=str(folder), max_length=180, steps=2, batch_size=8, tuned_layers=None)
    for schedule in (usual, usual, usual.model_copy(update=change)):
        learn(schedule)
    assert len(list((tmp_path / "cache" / "demographic").glob("*.safetensors"))) == 2


# ---- what must not change


def test_same_seed_gives_the_same_findings(found: ExplanationResult, comments: Dataset, base: Encoder):
    again = look(comments, base, ExplainSettings(probe=True))
    assert again.explain == found.explain
    assert again.probe == found.probe
    for name, array in found.gallery.items():
        np.testing.assert_array_equal(again.gallery[name], array)


def test_classifier_trigger_hooks_and_random_state_are_as_before(comments: Dataset, base: Encoder, tmp_path: Path):
    learned = trigger(base)
    weights, values = base.digest(), {name: value.clone() for name, value in learned.state_dict().items()}
    torch.manual_seed(5)
    list(
        explanation_report(comments, base, learned, LAMS, ExplainSettings(gallery=1, probe=True), home=Home(tmp_path))
    )  # trains readers
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(5)))
    assert len(list((tmp_path / "cache" / "demographic").glob("*.safetensors"))) == 3
    assert base.digest() == weights
    assert not any(value.requires_grad for value in base.parameters())
    assert all(torch.equal(value, values[name]) for name, value in learned.state_dict().items())
    assert learned.shared.requires_grad
    assert n_hooks(base) + n_hooks(learned) == 0


def test_reading_the_group_can_be_stopped_between_two_conditions(comments: Dataset, base: Encoder):
    labels = [
        step.label
        for step in explanation_report(comments, base, trigger(base), LAMS, ExplainSettings(gallery=0, probe=True))
    ]
    reading = [label for label in labels if label.startswith("Reading the group")]
    assert len(reading) == len(set(reading)) == 3 + L


def test_progress_grows_and_closing_stops(comments: Dataset, base: Encoder):
    steps = list(explanation_report(comments, base, trigger(base), LAMS, ExplainSettings()))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert 0.7 < fractions[-2] < 1
    assert all(step.findings is None for step in steps[:-1])
    begun = explanation_report(comments, base, trigger(base), LAMS, ExplainSettings())
    next(begun)
    begun.close()  # type: ignore[attr-defined]
    assert next(begun, None) is None
