"""Where picture classifiers come from: the logits of each library, and one sentence for what cannot be used."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForImageClassification, AutoTokenizer, CLIPModel, SiglipModel

from fairprog_core.classifiers import CLASSIFIERS, ResNet18Options
from fairprog_core.classifiers.base import freeze, read_classifier, save_classifier
from fairprog_core.classifiers.image_model.classifier import ImageModel
from fairprog_core.common.errors import FairprogError
from fairprog_core.explain.image.grad_cam import GradCam
from tests.core.test_image_model import LABELS, opened, split_of
from tests.tiny_pictures import FAMILIES, SIDE, SmallNet, save_clip, save_folder, shaken, small_net

Compute = Callable[[Tensor], Tensor]


def check(classifier: ImageModel, expected: Compute, folder: Path, *, cam: str, side: int = SIDE) -> None:
    """The library's logits, a map of Grad-CAM, and all of it again from the classifier's file."""
    x = classifier.to_input(split_of(side).x)
    with torch.no_grad():
        torch.testing.assert_close(classifier(x), expected(classifier.read(x)), atol=1e-5, rtol=0)
    torch.testing.assert_close(classifier.head(classifier.features(x)), classifier(x))
    assert classifier.cam_name == cam
    maps = GradCam().explain(classifier, x, target=1).maps
    assert maps.ndim == 3
    assert maps.shape[1] == maps.shape[2] > 1
    save_classifier(classifier, folder / "c.safetensors")
    again: Any = freeze(read_classifier(folder / "c.safetensors", CLASSIFIERS)[0])
    torch.testing.assert_close(again(x), classifier(x), atol=0, rtol=0)
    torch.testing.assert_close(GradCam().explain(again, x, target=1).maps, maps)
    assert again.digest() == classifier.digest()


CAM_LAYERS = {
    "vit": "model.vit.layers.1.layernorm_before", "swin": "model.swin.layernorm",
    "convnext": "model.convnext.encoder.stages.3", "resnet": "model.resnet.encoder.stages.1",
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_folder_of_every_family_gives_the_logits_of_transformers(family: str, tmp_path: Path) -> None:
    folder = save_folder(family, tmp_path / family)
    model = AutoModelForImageClassification.from_pretrained(folder).eval()
    check(opened(model=str(folder)), lambda x: model(x).logits, tmp_path, cam=CAM_LAYERS[family])


@pytest.mark.parametrize(
    ("name", "cam"),
    [
        ("test_convnext", "stages"),
        ("test_vit", "blocks.5.norm1"),
        ("test_efficientnet", "bn2"),
        ("test_resnet", "layer4"),
    ],
)
def test_timm_gives_its_logits(name: str, cam: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = timm.create_model(name, num_classes=2).eval()
    shaken(net)
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    classifier = opened(side=64, model=f"timm:{name}", weights=str(tmp_path / "w.safetensors"))
    config = net.pretrained_cfg
    assert classifier.reading.size == config["input_size"][1:]
    assert classifier.reading.mean == tuple(config["mean"])
    check(classifier, net, tmp_path, cam=cam, side=64)


def test_folder_as_timm_writes_it_for_the_hub_gives_its_logits(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = timm.create_model("test_vit2", num_classes=2).eval()
    shaken(net)
    names = {"label_names": list(LABELS)}
    timm.models.save_for_hf(net, tmp_path / "net", model_config=names, safe_serialization=True)
    classifier = opened(side=64, model=str(tmp_path / "net"))
    assert classifier.reading.mean == tuple(net.pretrained_cfg["mean"])
    check(classifier, net, tmp_path, cam="blocks", side=64)


@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"epoch": 3, "state_dict": state}])
@pytest.mark.parametrize("prefix", ["", "module.", "model.backbone."])
def test_torchvision_gives_its_logits_from_checkpoints_as_people_save_them(
    wrap: Callable[[Any], Any], prefix: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    net = torchvision.models.get_model("shufflenet_v2_x0_5", weights=None, num_classes=2).eval()
    torch.save(wrap({f"{prefix}{name}": value for name, value in net.state_dict().items()}), tmp_path / "w.pth")
    classifier = opened(side=64, model="torchvision:shufflenet_v2_x0_5", weights=str(tmp_path / "w.pth"))
    check(classifier, net, tmp_path, cam="conv5", side=64)
    assert ("names without" in classifier.describe()) == bool(prefix)


@pytest.mark.parametrize(("family", "kind"), [("clip", CLIPModel), ("siglip", SiglipModel)])
@pytest.mark.parametrize("prompts", [("a photo of a {label}",), ("a {label} face", "a picture of a {label}")])
def test_zero_shot_gives_the_logits_of_transformers(
    family: str, kind: Any, prompts: tuple[str, ...], tmp_path: Path
) -> None:
    folder = save_clip(tmp_path / family, family=family)
    model, tokenizer = kind.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)

    def features_of(prompt: str) -> Tensor:
        texts = [prompt.format(label=label) for label in LABELS]
        how = {"padding": "max_length", "max_length": 16} if family == "siglip" else {"padding": True}
        inputs = tokenizer(texts, return_tensors="pt", **how)
        names = ["input_ids"] if family == "siglip" else ["input_ids", "attention_mask"]
        found: Tensor = model(pixel_values=torch.zeros(1, 3, SIDE, SIDE), **{n: inputs[n] for n in names}).text_embeds
        return found

    def expected(x: Tensor) -> Tensor:
        texts = nn.functional.normalize(torch.stack([features_of(prompt) for prompt in prompts]).mean(0), dim=-1)
        inputs = tokenizer(["a"], return_tensors="pt")
        images = model(pixel_values=x, input_ids=inputs["input_ids"]).image_embeds
        bias = getattr(model, "logit_bias", torch.zeros(()))
        return images @ texts.T * model.logit_scale.exp() + bias

    cam = {"clip": "vision_model.encoder.layers.1.layer_norm1", "siglip": "vision_model.post_layernorm"}[family]
    check(opened(model=str(folder), prompts=prompts), expected, tmp_path, cam=cam)


def test_zero_shot_with_one_prompt_gives_the_logits_per_image(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "clip")
    model, tokenizer = CLIPModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    words = ("dark hair", "blond hair")
    inputs = tokenizer([f"a photo of a {word}" for word in words], padding=True, return_tensors="pt")
    classifier = opened(model=str(folder), names=words)
    x = classifier.to_input(split_of().x)
    with torch.no_grad():
        expected = model(
            pixel_values=classifier.read(x), input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        )
    torch.testing.assert_close(classifier(x), expected.logits_per_image, atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of one small net: TorchScript as it is and frozen, torch.export for any number of rows and for two."""
    folder, net, x = tmp_path_factory.mktemp("programs"), small_net().eval(), torch.rand(2, 3, SIDE, SIDE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch.jit is no longer developed, but its files are in use
        script = torch.jit.script(net)
        script.save(str(folder / "script.pt"))
        torch.jit.freeze(script).save(str(folder / "frozen.pt"))
    torch.export.save(torch.export.export(net, (x,)), folder / "fixed.pt2")
    rows = torch.export.Dim("k", min=1, max=1024)
    torch.export.save(torch.export.export(net, (x,), dynamic_shapes=({0: rows},)), folder / "any.pt2")
    return folder


@pytest.mark.parametrize("file", ["script.pt", "frozen.pt", "fixed.pt2", "any.pt2"])
def test_program_gives_its_logits_and_gradients_of_the_input_stand_in_for_grad_cam(
    programs: Path, file: str, tmp_path: Path
) -> None:
    classifier = opened(model=str(programs / file))
    check(classifier, small_net().eval(), tmp_path, cam="")
    x = classifier.to_input(split_of().x).requires_grad_()
    found = GradCam().explain(classifier, x, target=1)
    (gradient,) = torch.autograd.grad(classifier(x)[:, 1].sum(), x)
    torch.testing.assert_close(found.maps, gradient.abs().amax(1))


def test_program_that_was_changed_after_the_run_is_refused(programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "script.pt"
    file.write_bytes((programs / "script.pt").read_bytes())
    save_classifier(opened(model=str(file)), tmp_path / "c.safetensors")
    file.write_bytes((programs / "frozen.pt").read_bytes())
    with pytest.raises(FairprogError, match="gone or has changed"):
        read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)


def test_function_gives_its_logits(tmp_path: Path) -> None:
    check(opened(model="factory:tests.tiny_pictures:small_net"), small_net().eval(), tmp_path, cam="body")


def test_function_with_weights_gives_the_logits_of_these(tmp_path: Path) -> None:
    torch.manual_seed(9)
    net = SmallNet().eval()
    torch.save({"model": net.state_dict()}, tmp_path / "w.pt")
    classifier = opened(model="factory:tests.tiny_pictures:small_net", weights=str(tmp_path / "w.pt"))
    check(classifier, net, tmp_path, cam="body")


def test_given_layer_of_grad_cam_is_used(tmp_path: Path) -> None:
    classifier = opened(model="factory:tests.tiny_pictures:small_net", cam_layer="body.2")
    x = classifier.to_input(split_of().x)
    assert GradCam().explain(classifier, x).maps.shape == (3, 15, 15)
    assert classifier.cam_title == "layer body.2"


def test_batch_that_does_not_fit_into_memory_is_halved_with_the_same_numbers(caplog: pytest.LogCaptureFixture) -> None:
    greedy = freeze(opened(model="factory:tests.tiny_pictures:greedy_net"))
    plain = opened(model="factory:tests.tiny_pictures:small_net")
    x = plain.to_input(split_of(n=7).x)
    found, expected = [], []
    for classifier, answers in ((greedy, found), (plain, expected)):
        classifier.parts.most = None
        pictures = x.clone().requires_grad_()
        logits = classifier(pictures)
        (gradient,) = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, torch.arange(7) % 2), pictures)
        answers += [logits.detach(), gradient, GradCam().explain(classifier, x).maps]
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    assert greedy.parts.most == 2
    assert plain.parts.most is None
    assert [record.message for record in caplog.records] == [
        "Memory is used up by 7 pictures at a time; from now on 4 are computed.",
        "Memory is used up by 4 pictures at a time; from now on 2 are computed.",
    ]


def test_other_errors_of_a_net_are_not_taken_for_a_lack_of_memory() -> None:
    classifier = opened(model="factory:tests.tiny_pictures:small_net")
    with pytest.raises(RuntimeError, match="Kernel size"):
        classifier(torch.rand(2, 3, 1, 1))


def test_training_of_a_resnet18_starts_from_a_checkpoint(tmp_path: Path) -> None:
    """With another number of outputs its last layer is a new one; the key knows the file, and none without one."""
    torch.manual_seed(1)
    net = torchvision.models.resnet18(num_classes=7)
    torch.save({"state_dict": {f"module.{name}": value for name, value in net.state_dict().items()}}, tmp_path / "w.pt")
    kind, options = CLASSIFIERS["resnet18"].load(), ResNet18Options(init=str(tmp_path / "w.pt"))
    assert list(kind.fetch(options)) == []
    made = kind.new_for(options, labels=LABELS, split=split_of())
    assert made.net.fc.weight.shape == (2, 512)
    torch.testing.assert_close(made.net.layer4.state_dict(), net.layer4.state_dict())
    assert list(kind.cache_inputs(options)) == ["init"]
    assert kind.cache_inputs(ResNet18Options()) == {}
    torch.save(torchvision.models.resnet34(num_classes=2).state_dict(), tmp_path / "w.pt")
    with pytest.raises(FairprogError, match="does not belong to torchvision:resnet18"):
        list(kind.fetch(options))


def broken(folder: Path, name: str) -> dict[str, Any]:
    """Options that name something that cannot be used."""
    vit = save_folder("vit", folder / "vit", ("a", "b", "c") if name == "labels" else LABELS)
    if name == "nan":
        model = AutoModelForImageClassification.from_pretrained(vit)
        with torch.no_grad():
            model.vit.layernorm.weight[0] = float("nan")
        model.save_pretrained(vit)
    if name == "pickled folder":
        (vit / "model.safetensors").rename(vit / "pytorch_model.bin")
    if name == "reading":
        (vit / "preprocessor_config.json").write_text("{")
    net = timm.create_model("test_resnet", num_classes=2)
    torch.save(net, folder / "object.pt")
    torch.save({"epoch": 1}, folder / "nothing.pt")
    torch.save(net.state_dict(), folder / "state.pt")
    (folder / "cut.safetensors").write_bytes(b"\x08\x00\x00\x00")
    files = {"pickle": "object.pt", "nothing": "nothing.pt", "cut": "cut.safetensors", "no file": "gone.pt"}
    if name in files:
        return {"model": "timm:test_resnet", "weights": str(folder / files[name])}
    return {
        "other": {"model": "timm:test_vit", "weights": str(folder / "state.pt")},
        "name": {"model": "timm:resnet_51", "weights": str(folder / "state.pt")},
        "state as a model": {"model": str(folder / "state.pt")},
        "text": {"model": str(vit / "config.json")},
        "no folder": {"model": str(folder / "gone")},
        "no weights": {"model": "torchvision:resnet18"},
        "function": {"model": "factory:tests.tiny_pictures:none"},
        "no net": {"model": "factory:tests.tiny_pictures:no_net"},
        "layer": {"model": str(vit), "cam_layer": "vit.layer.9"},
        "size": {"model": str(vit), "image_size": 40},
    }.get(name, {"model": str(vit)})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("labels", "3 outputs .* and the data 2 labels"),
        ("pickled folder", "pickled weights are never read"),
        ("reading", "preprocessor_config.json cannot be understood"),
        ("pickle", "pickled objects besides weights"),
        ("nothing", "holds no weights"),
        ("cut", "cannot be read as weights"),
        ("no file", "There is no file"),
        ("other", "does not belong to timm:test_vit"),
        ("name", "timm has no classifier 'resnet_51'; the nearest names are"),
        ("state as a model", "no TorchScript file"),
        ("text", "is no model by itself"),
        ("no folder", "There is no folder"),
        ("no weights", "classifier.weights is empty"),
        ("function", "cannot be called"),
        ("no net", "must return a torch.nn.Module"),
        ("layer", "has no layer 'vit.layer.9'.* such as .*vit.layers"),
        ("size", "fails on pictures of 40 × 40 pixels"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    options = broken(tmp_path, name)
    with pytest.raises(FairprogError, match=sentence) as caught:
        opened(**options)
    assert len(str(caught.value)) <= 300
    assert "\n" not in str(caught.value)
