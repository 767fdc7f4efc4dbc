"""Classifiers of pictures from elsewhere: the same logits as in their own library, from the file to a curve."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import AutoImageProcessor, AutoModelForImageClassification

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.base import freeze
from fairprog_core.classifiers.image_model.classifier import ImageModel
from fairprog_core.classifiers.image_model.reading import PictureReading, ReadPicture
from fairprog_core.common.errors import ModelError
from fairprog_core.common.home import Home
from fairprog_core.common.records import Record
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.data.base import Split
from fairprog_core.data.faces.dataset import Faces
from fairprog_core.explain.image.grad_cam import GradCam, normalise, upsample
from fairprog_core.pipeline.execute import execute
from fairprog_core.pipeline.jobs.frozen_base import base_key
from fairprog_core.results.gallery_file import read_gallery
from fairprog_core.results.result import Result
from fairprog_core.study import Study
from fairprog_core.study.load import load_studies
from tests.tiny_pictures import SIDE, save_vit, small_net

LABELS = ("not blond", "blond")
DATA = {"kind": "faces", "image_size": 32, "n_train": 64, "n_tune": 64, "n_val": 32, "n_test": 32}
SHORT = {"budget": {"steps": 4}, "explain": {"gallery": 0, "rows": 0, "probe": False}, "lam": {"grid": [0.3, 1]}}


def split_of(side: int = SIDE, n: int = 3) -> Split:
    x = np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    nothing = np.zeros(n, dtype=np.int64)
    return Split(x, nothing, nothing, np.full((2, 2), 0.25), False)


def opened(
    labels: tuple[str, ...] = LABELS, side: int = SIDE, names: tuple[str, ...] = (), **options: Any
) -> ImageModel:
    """A frozen classifier for the data's ``labels``; ``names`` is the option "labels"."""
    return freeze(ImageModel.new_for(ImageModelOptions(labels=names, **options), labels=labels, split=split_of(side)))


def study_of(model: Path | str, **classifier: Any) -> Study:
    values = {"kind": "image_model", "model": str(model), **classifier}
    return Study.parse({"dataset": DATA, "classifier": values, "triggers": [{"kind": "border"}], **SHORT})


def run(study: Study, home: Home) -> tuple[list[Record], Result]:
    folder = home.run("x")
    folder.mkdir(parents=True)
    return list(execute(study, home=home, folder=folder)), Result.open(folder)


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_vit(tmp_path_factory.mktemp("models") / "vit")


def test_vit_folder_gives_the_logits_of_transformers(vit: Path) -> None:
    rows = split_of()
    model = AutoModelForImageClassification.from_pretrained(vit).eval()
    pixels = AutoImageProcessor.from_pretrained(vit)(list(rows.x), return_tensors="pt")["pixel_values"]
    classifier = opened(model=str(vit))
    with torch.no_grad():
        expected = model(pixels).logits
    torch.testing.assert_close(classifier(classifier.to_input(rows.x)), expected, atol=1e-5, rtol=0)


def test_pictures_of_another_size_are_resized_inside_the_gradient(vit: Path) -> None:
    classifier = opened(model=str(vit), side=48)
    with torch.inference_mode():
        classifier(classifier.to_input(split_of(48).x))
    x = classifier.to_input(split_of(48).x).requires_grad_()
    classifier(x)[:, 0].sum().backward()
    assert classifier.input_spec == {"image_size": 48}
    assert x.grad is not None
    assert (x.grad.abs().sum((0, 1)) > 0).all()


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("side", [20, 48, 77])
def test_resizing_is_that_of_torch(mode: Any, side: int) -> None:
    reading = PictureReading(size=(SIDE, 24), mean=(0, 0, 0), std=(1, 1, 1), interpolation=mode)
    x = torch.rand(2, 3, side, side)
    how = {} if mode == "nearest" else {"antialias": True}
    expected = torch.nn.functional.interpolate(x, size=(SIDE, 24), mode=mode, **how)  # type: ignore[arg-type]
    torch.testing.assert_close(ReadPicture(reading)(x), expected, atol=1e-5, rtol=0)


def test_resized_pictures_are_those_of_the_processor(vit: Path) -> None:
    """The processor rounds to bytes after each axis: a step of 255 at most, over the standard deviation of .5."""
    rows = split_of(77)
    pixels = AutoImageProcessor.from_pretrained(vit)(list(rows.x), return_tensors="pt")["pixel_values"]
    classifier = opened(model=str(vit), side=77)
    torch.testing.assert_close(classifier.read(classifier.to_input(rows.x)), pixels, atol=2.01 / 255, rtol=0)


def test_outputs_are_matched_to_labels_by_their_names(tmp_path: Path, vit: Path) -> None:
    swapped = opened(model=str(vit), labels=LABELS[::-1])
    x = swapped.to_input(split_of().x)
    torch.testing.assert_close(swapped(x), opened(model=str(vit))(x).flip(1))
    torch.testing.assert_close(swapped.head(swapped.features(x)), swapped(x))


def test_folder_with_an_adapter_is_refused(tmp_path: Path) -> None:
    """transformers would add the adapter by itself, and import what it names."""
    folder = save_vit(tmp_path / "vit")
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "auto_mapping": {"parent_library": "os"}}')
    with pytest.raises(ModelError, match="holds an adapter"):
        list(ImageModel.fetch(ImageModelOptions(model=str(folder))))


def test_grad_cam_of_a_vit_is_that_of_pytorch_grad_cam(vit: Path) -> None:
    classifier = opened(model=str(vit))
    assert classifier.cam_name == "model.vit.layers.1.layernorm_before"
    x = classifier.to_input(split_of().x)
    found = GradCam().explain(classifier, x, target=1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the other package's own dependencies
        from pytorch_grad_cam import GradCAM

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = classifier

        def forward(self, x: Tensor) -> Tensor:
            return classifier(x.requires_grad_())

    assert classifier.cam_layer is not None
    layers = [classifier.cam_layer]
    with GradCAM(model=Whole(), target_layers=layers, reshape_transform=classifier.to_map) as other:
        expected = other(input_tensor=x, targets=[lambda output: output[1]] * len(x))
    ours = normalise(upsample(normalise(found.maps), (SIDE, SIDE)))  # their order of steps
    assert found.maps.shape == (3, 4, 4)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-4)


def test_vit_folder_from_a_study_to_a_curve_reads_no_train_split(
    vit: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    original = Faces.prepare_split
    monkeypatch.setattr(Faces, "prepare_split", lambda self, name: prepared.append(name) or original(self, name))
    methods = [{"kind": kind} for kind in ("reprogram", "last_layer", "leace", "output_shift")]
    values = {"methods": [*methods, {"kind": "adv_post", "steps": 2}], "lam": {"grid": [0.3, 1], "per": {}}}
    records, result = run(Study.parse(study_of(vit).to_json() | values), home)
    assert records[-1]["kind"] == "result"
    assert set(prepared) == {"test", "val", "tune"}
    assert not any(record["kind"] == "base" for record in records)
    assert [point.lam for point in result.points if point.method == "reprogram"] == [0.3, 1]
    assert {point.method for point in result.points} >= {"last_layer", "leace", "output_shift", "adv_post"}


def test_key_of_a_base_that_is_not_trained_does_not_depend_on_the_train_split(vit: Path, home: Home) -> None:
    def key(**data: Any) -> str:
        study = Study.parse(study_of(vit).to_json() | {"dataset": DATA | data})
        return base_key(study, build(DATASETS, study.dataset, home))

    assert key() == key(n_train=128) == key(seed=4)
    assert key() != key(image_size=48)
    assert key() != key(target="smiling")


def test_model_is_relative_to_the_file_of_the_study_and_refused_before_data_are_prepared(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that are not finite, a label too many, another layer: all are known before the first picture is drawn."""
    folder = save_vit(tmp_path / "vit")
    model = AutoModelForImageClassification.from_pretrained(folder)
    with torch.no_grad():
        model.vit.layernorm.bias[0] = float("nan")
    model.save_pretrained(folder)
    (tmp_path / "s.toml").write_text('[dataset]\nkind = "faces"\n[classifier]\nkind = "image_model"\nmodel = "vit"\n')
    (study,) = load_studies(tmp_path / "s.toml")
    assert study.classifier.model == str(folder)
    monkeypatch.setattr(Faces, "prepare_split", lambda *_: pytest.fail("data were prepared"))
    with pytest.raises(ModelError, match="not all finite"):
        run(study, home)
    eight = Study.parse(study_of(folder).to_json() | {"dataset": DATA | {"target": "blond, smiling"}})
    with pytest.raises(ModelError, match="2 outputs .* and the data 4 labels"):
        list(execute(eight, home=home, folder=home.run("y")))


def test_program_goes_from_a_study_to_a_curve_and_leace_says_what_it_needs(tmp_path: Path, home: Home) -> None:
    program = torch.export.export(small_net().eval(), (torch.rand(2, 3, SIDE, SIDE),))
    torch.export.save(program, tmp_path / "net.pt2")
    methods = [{"kind": kind} for kind in ("reprogram", "output_shift", "group_thresholds")]
    values = study_of(tmp_path / "net.pt2").to_json() | {"methods": methods}
    values |= {"explain": {"gallery": 2, "rows": 8, "probe": True}}
    _, result = run(Study.parse(values), home)
    assert {point.method for point in result.points} >= {"reprogram", "output_shift", "group_thresholds"}
    curve = next(curve for curve in result.curves if curve.method == "reprogram")
    note = read_gallery(curve.gallery_file).about
    assert note["is_input_gradient"] is True
    study = Study.parse(values | {"methods": [{"kind": "leace"}]})
    with pytest.raises(ModelError, match="leace replaces the last linear layer"):
        list(execute(study, home=home, folder=home.run("y")))
