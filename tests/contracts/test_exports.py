"""Every trigger and classifier as a file that runs without fairprog. A new entry is tested without an edit here."""

import json
from pathlib import Path

import pytest
import torch

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import Classifier, freeze
from fairprog_core.common.errors import ModelError
from fairprog_core.common.registry import build
from fairprog_core.deploy.export.check import BATCHES, TOLERANCE
from fairprog_core.deploy.export.export import export
from fairprog_core.deploy.export.files import ABOUT, TOKENIZER, read_texts
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import Trigger
from tests.contracts.samples import make_classifier
from tests.contracts.test_triggers import KNOTS, frozen, make, trained

USUAL = {"image": "border", "text": "soft"}
SHOWN = [kind for kind, entry in CLASSIFIERS.items() if not entry.options.only_answers]
HIDDEN = [kind for kind, entry in CLASSIFIERS.items() if entry.options.only_answers]


def in_front_of(classifier: Classifier) -> Trigger:
    """A trigger with other values at every λ, attached to a classifier."""
    kind = USUAL[classifier.options.modality]  # type: ignore[attr-defined]
    trigger: Trigger = build(
        TRIGGERS, TRIGGERS[kind].options(), anchor_lams=KNOTS, seed=0, **classifier.input_spec
    ).attach_to(classifier)
    with torch.no_grad():
        trigger.anchors.normal_(generator=torch.Generator().manual_seed(7))
    return trigger


@pytest.mark.parametrize("kind", TRIGGERS)
def test_trigger_as_onnx_gives_the_same_logits_for_every_lam_and_batch(kind: str, tmp_path: Path) -> None:
    classifier = frozen(TRIGGERS[kind].options.modality)
    file = tmp_path / "out.onnx"
    report = export(trained(kind).wrap(classifier, lam=1.0), file, labels=("no", "yes"), is_timed=False)
    assert {each.n_rows for each in report.parity} == set(BATCHES)
    assert len({each.lam for each in report.parity}) >= 3
    assert report.largest_difference <= TOLERANCE
    texts = read_texts(file)
    about = json.loads(texts[ABOUT])
    assert about["labels"] == ["no", "yes"]
    assert about["lam"] | {"lowest": 0.0, "highest": 30.0, "chosen": 1.0, "input": "lam"} == about["lam"]
    assert about["trigger"]["kind"] == kind
    assert about["inputs"].keys() == report.inputs.keys()
    assert (TOKENIZER in texts) == (TRIGGERS[kind].options.modality == "text")
    assert str(Path(__file__).parents[2]).encode() not in file.read_bytes()


@pytest.mark.parametrize("kind", TRIGGERS)
def test_trigger_as_torch_program_gives_the_same_logits(kind: str, tmp_path: Path) -> None:
    classifier = frozen(TRIGGERS[kind].options.modality)
    report = export(
        trained(kind).wrap(classifier, lam=1.0), tmp_path / "out.pt2", format="torch_export", is_timed=False
    )
    assert report.largest_difference <= TOLERANCE
    assert json.loads(read_texts(tmp_path / "out.pt2")[ABOUT])["trigger"]["kind"] == kind


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("border", {"pixels": "tanh"}),
        ("learned_mask", {"area": "frame"}),
        ("soft", {"space": "simplex", "position": "end"}),
        ("hard", {"search": "straight_through"}),
        ("hard", {"search": "gumbel", "position": "end"}),
    ],
)
def test_options_of_a_trigger_reach_the_file(kind: str, options: dict[str, str], tmp_path: Path) -> None:
    trigger = make(kind, **options)
    with torch.no_grad():
        trigger.anchors.normal_(generator=torch.Generator().manual_seed(7))
    wrapped = trigger.wrap(frozen(TRIGGERS[kind].options.modality), lam=1.0)
    assert export(wrapped, tmp_path / "out.pt2", format="torch_export", is_timed=False).largest_difference <= TOLERANCE


@pytest.mark.parametrize("kind", SHOWN)
def test_classifier_with_its_trigger_can_be_exported(kind: str, tmp_path: Path) -> None:
    classifier = freeze(make_classifier(kind, n_classes=3))
    wrapped = in_front_of(classifier).wrap(classifier, lam=2.0)
    report = export(wrapped, tmp_path / "out.pt2", format="torch_export", is_timed=False)
    assert report.largest_difference <= TOLERANCE


@pytest.mark.parametrize("kind", HIDDEN)
def test_classifier_that_only_answers_is_refused(kind: str, tmp_path: Path) -> None:
    classifier = make_classifier(kind, n_classes=3)
    with pytest.raises(ModelError, match=r"black box shows no weights.*fairprog apply"):
        export(in_front_of(classifier).wrap(classifier, lam=2.0), tmp_path / "out.pt2", format="torch_export")
    assert not list(tmp_path.iterdir())
