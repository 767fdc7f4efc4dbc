"""What ``--model`` names is opened as the classifier that a trigger was learned on."""

import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, ViTForImageClassification

import fairprog_core as fp
from fairprog_core.classifiers.base import content_digest, save_classifier
from fairprog_core.cli.deploy.sources import _base_of_run, open_sources
from fairprog_core.common.errors import ArtifactError, ConfigError, ModelError, RunError
from fairprog_core.common.files.tensor_file import digest_of_file
from fairprog_core.common.home import Home, assets
from fairprog_core.common.registry import build
from fairprog_core.deploy.model import open_model
from fairprog_core.results.run_folder import base_file
from fairprog_core.runs.store import Store
from fairprog_core.study import Study
from fairprog_core.triggers import TRIGGERS
from tests.tiny_encoders import save_family
from tests.tiny_pictures import save_vit

FACES = assets() / "demo" / "faces"


def first_trigger(folder=FACES):
    return fp.load_trigger(fp.Result.open(folder).curves[0].artifact)


@pytest.mark.parametrize("name", ["faces", "comments"])
def test_base_of_a_run_opens_by_file_folder_and_shipped_id(name, tmp_path):
    folder = assets() / "demo" / name
    shutil.copyfile(base_file(folder), tmp_path / "mine.safetensors")
    trigger = first_trigger(folder)
    expected = fp.load_classifier(base_file(folder)).digest()
    for text in (folder, tmp_path / "mine.safetensors", "demo" if name == "faces" else "demo-comments"):
        found = open_model(text, trigger)
        assert found.digest() == expected
        assert not any(value.requires_grad for value in found.parameters())


def test_classifier_of_another_run_is_refused_unless_any_is_allowed(tmp_path):
    trigger = first_trigger()
    trigger.about["classifier"] = "0" * 16
    with pytest.raises(ModelError, match="on the classifier 0000"):
        open_model("demo", trigger)
    assert open_model("demo", trigger, is_checked=False).n_classes == 2


def test_folder_of_hugging_face_is_read_with_the_labels_and_size_of_the_trigger(tmp_path):
    folder = save_vit(tmp_path / "vit", ("not blond", "blond"))
    found = open_model(folder, first_trigger(), is_checked=False)
    assert found.input_spec == {"image_size": 64}
    logits = found(found.to_input(np.full((2, 64, 64, 3), 100, np.uint8)))
    assert logits.shape == (2, 2)
    with pytest.raises(ModelError):  # its outputs have other names
        open_model(save_vit(tmp_path / "other", ("cat", "dog")), first_trigger(), is_checked=False)


def test_name_that_two_runs_have_is_not_taken_for_one_of_a_hub(tmp_path):
    home = Home.find(tmp_path / "home")
    with Store(home) as store:
        for _ in range(2):
            store.submit(Study(name="twins"))
    with pytest.raises(RunError, match="2 runs are called 'twins'"):
        open_sources("demo", "twins", curve="", weights="", is_any=True, device="cpu", home=home.path)
    assert _base_of_run("bert-base-uncased", home.path) == "bert-base-uncased"


def test_file_of_a_trigger_says_how_to_read_but_names_no_weights(tmp_path, monkeypatch):
    (tmp_path / "best.pt").write_bytes(b"what lies in the working directory")
    monkeypatch.chdir(tmp_path)
    trigger = first_trigger()
    trigger.about["classifier_options"] = {
        "kind": "image_model", "model": "theirs", "weights": "best.pt", "cam_layer": "nowhere",
        "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6],
    }  # fmt: skip
    folder = save_vit(tmp_path / "vit", ("not blond", "blond"))
    options = open_model(folder, trigger, is_checked=False).options
    assert (options.weights, options.cam_layer, options.mean) == ("", "", (0.1, 0.2, 0.3))


def test_what_cannot_be_opened_is_said_in_one_sentence(tmp_path):
    trigger = first_trigger()
    (tmp_path / "odd.safetensors").write_bytes(b"nothing")
    with pytest.raises(ArtifactError):
        open_model(tmp_path / "odd.safetensors", trigger)
    with pytest.raises(ModelError):
        open_model(tmp_path / "missing-folder", trigger)
    with pytest.raises(ConfigError, match="takes no options"):
        open_model("demo", trigger, options={"labels": ["a", "b"]})
    del trigger.about["labels"]
    with pytest.raises(ConfigError, match="does not name the labels"):
        open_model("timm:resnet18", trigger)


def test_model_from_elsewhere_has_the_digest_of_the_model_itself(tmp_path):
    """So a trigger that a study learned on a folder can go in front of the same weights in the user's program."""
    folder = save_vit(tmp_path / "vit", ("not blond", "blond"))
    opened = open_model(folder, first_trigger(), is_checked=False)
    own = ViTForImageClassification.from_pretrained(folder)
    assert opened.saved_digest() == content_digest(own.state_dict())
    save_classifier(opened, tmp_path / "c.safetensors")
    assert digest_of_file(tmp_path / "c.safetensors") == opened.saved_digest()
    with torch.no_grad():
        own.classifier.bias += 1
    assert opened.saved_digest() != content_digest(own.state_dict())


def test_text_model_from_elsewhere_has_the_digest_of_the_model_itself(tmp_path):
    folder = save_family("bert", tmp_path / "bert", n_classes=2)
    trigger = first_trigger(assets() / "demo" / "comments")
    trigger.about["labels"] = ["LABEL_0", "LABEL_1"]
    opened = open_model(folder, trigger, is_checked=False)
    own = AutoModelForSequenceClassification.from_pretrained(folder)
    assert opened.saved_digest() == content_digest(own.state_dict())
    save_classifier(opened, tmp_path / "c.safetensors")
    assert digest_of_file(tmp_path / "c.safetensors") == opened.saved_digest()
    soft = build(TRIGGERS, TRIGGERS["soft"].options(), **opened.input_spec)
    soft.attach_to(opened)
    soft.weights, soft.chosen_lam = opened.saved_digest(), 0.0
    texts = ["so it is", "it"]
    wrapped = soft.wrap(own, tokenizer=AutoTokenizer.from_pretrained(folder))
    assert torch.allclose(wrapped(texts), soft.wrap(opened)(texts), atol=1e-5)
    with pytest.raises(ConfigError, match="tokenizer="):
        soft.wrap(own)
