"""A passport: one file with a trigger and what was measured of it, put in front of any classifier."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors import safe_open

import fairprog_core as fp
from fairprog_core.classifiers.base import content_digest, save_classifier
from fairprog_core.common.errors import ArtifactError, ConfigError, ModelError
from fairprog_core.common.home import assets
from fairprog_core.results.trained import passport_of
from fairprog_core.triggers.passport import Passport
from tests.own_models import small_net

FACES, COMMENTS = (fp.Result.open(assets() / "demo" / name) for name in ("faces", "comments"))


@pytest.mark.parametrize(
    ("result", "name"), [(FACES, "border"), (FACES, "patch"), (COMMENTS, "soft"), (COMMENTS, "hard")]
)
def test_round_trip_keeps_every_bit(result, name, tmp_path):
    passport = result.passport(name, criterion="equalized_odds")
    file = passport.save(tmp_path / "p.safetensors")
    found = Passport.open(file)
    assert found == passport
    assert found.facts == passport.facts
    assert found.save(tmp_path / "again.safetensors").read_bytes() == file.read_bytes()
    plain = fp.load_trigger(next(c for c in result.curves if c.key == passport.facts.curve).artifact)
    for key, value in plain.state_dict().items():
        assert torch.equal(fp.load_trigger(file).state_dict()[key], value)


def test_figures_are_those_of_the_result(tmp_path):
    passport = FACES.passport("border", criterion="equalized_odds")
    curve = next(each for each in FACES.curves if each.key == passport.facts.curve)
    chosen, facts = FACES.chosen_point(curve), passport.facts
    assert passport.chosen_lam == curve.chosen_lam
    assert facts.chosen.metrics[curve.gap] == chosen.metric(curve.gap).to_json()
    assert facts.base.metrics["accuracy"] == FACES.base.metric("accuracy").to_json()
    assert [point.method for point in facts.controls] == list(FACES.controls_of(curve))
    assert facts.changes == FACES.changes(chosen)
    assert facts.groups_before == FACES.group_table(FACES.base)
    assert any("seed 0" in sentence for sentence in facts.not_measured)


def test_places_on_the_machine_stay_at_home(tmp_path):
    study = FACES.study | {
        "dataset": {"kind": "faces", "path": "/home/ada/private/faces.csv", "columns": ["~/x/y.csv", "C:\\me\\z.csv"]},
        "classifier": {"kind": "image_model", "model": "/home/ada/models/vit", "address": "https://inside.example/x"},
    }
    file = replace(FACES, study=study).passport("border", criterion="equalized_odds").save(tmp_path / "p.safetensors")
    with safe_open(file, framework="pt") as opened:
        text = opened.metadata()["fairprog"]
    assert "ada" not in text
    assert "inside.example" not in text
    assert json.loads(text)["classifier_options"]["model"] == "vit"


def test_relative_path_is_no_name_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "faces").mkdir(parents=True)

    def card(path, model):
        study = FACES.study | {"dataset": {"kind": "table", "path": path}, "classifier": {"model": model}}
        passport = replace(FACES, study=study).passport("border", criterion="equalized_odds")
        return passport.header["classifier_options"]["model"], ModelCard(str(fp.model_card(passport))).data.datasets

    assert card("data/faces", "data/faces") == ("faces", None)
    assert card("data\\faces", "models/net.pt") == ("net.pt", None)
    assert card("owner/faces", "owner/vit") == ("owner/vit", ["owner/faces"])  # nothing of that name is here


def test_curve_is_named_by_its_key_or_a_part_that_is_its_alone():
    assert passport_of(FACES, "patch-equalized").facts.curve == "reprogram-patch-equalized_odds-s0"
    assert passport_of(FACES).facts.curve == FACES.curves[0].key
    whole = replace(FACES, curves=[*FACES.curves, replace(FACES.curves[0], key=f"{FACES.curves[0].key}0")])
    assert passport_of(whole, FACES.curves[0].key).facts.curve == FACES.curves[0].key  # although another holds it
    with pytest.raises(ConfigError, match="2 keys hold this text.*reprogram-border-.*reprogram-patch-") as error:
        passport_of(FACES, "equalized_odds")
    assert len(str(error.value)) <= 300


def test_trigger_of_an_early_file_is_read_and_has_no_passport():
    trigger = fp.load_trigger(FACES.curves[0].artifact)
    assert (trigger.chosen_lam, trigger.weights) == (None, "")
    with pytest.raises(ConfigError, match="without a passport"):
        Passport.open(FACES.curves[0].artifact)
    with pytest.raises(ConfigError, match="give lam="):
        trigger.wrap(FACES.base_classifier())


def test_wrap_takes_the_chosen_lam_and_refuses_another_classifier(tmp_path):
    trigger = FACES.passport("border", criterion="equalized_odds").trigger()
    base, x = FACES.base_classifier(), torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    expected = FACES.trigger("border", criterion="equalized_odds").wrap(base)(x)
    assert torch.equal(trigger.wrap(base)(x), expected)
    assert not torch.equal(trigger.wrap(base, lam=30.0)(x), expected)
    other = FACES.base_classifier()
    with torch.no_grad():
        other.linear.bias += 1
    other._digest_before = ""
    with pytest.raises(ModelError, match="other weights"):
        trigger.wrap(other)
    assert trigger.wrap(other, is_checked=False)(x).shape == (3, 2)


@pytest.mark.parametrize("lam", [1000.0, -1.0, float("nan"), True])
def test_wrap_refuses_a_lam_outside_of_the_trained_range(lam):
    trigger = FACES.passport("border", criterion="equalized_odds").trigger()
    for each in (trigger.wrap, lambda _, lam: trigger.to_png(lam)):
        with pytest.raises(ConfigError, match="from 0 to 30"):
            each(FACES.base_classifier(), lam=lam)


def test_text_trigger_takes_strings():
    base = COMMENTS.base_classifier()
    wrapped = COMMENTS.passport("hard").trigger().wrap(base)
    texts = ["you are nice", "what a long and silly thing to say"]
    ids = base.to_input(base.encode(texts))
    assert torch.equal(wrapped(texts), wrapped(ids))
    assert torch.allclose(wrapped(texts[0]), wrapped(texts)[:1], atol=1e-5)


def test_own_module_goes_behind_the_trigger_that_was_learned_on_it(tmp_path):
    """The digest is of what was learned, so a wrapped model has that of the model."""
    net = small_net()
    trigger = FACES.passport("border", criterion="equalized_odds").trigger()
    trigger.weights = content_digest(net.state_dict())
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    logits = trigger.wrap(net, preprocess=lambda x: (x - 0.5) / 0.5)(x)
    net.eval()
    assert torch.allclose(logits, net((trigger(x, trigger.chosen_lam) - 0.5) / 0.5), atol=1e-6)
    with pytest.raises(ModelError, match="other weights"):
        trigger.wrap(torch.nn.Linear(2, 2))
    with pytest.raises(ConfigError, match="tokenizer= and max_length= are for texts"):
        trigger.wrap(net, tokenizer=object())


def test_digest_does_not_depend_on_folding(tmp_path):
    from fairprog_core.classifiers import CLASSIFIERS
    from fairprog_core.classifiers.base import freeze, read_classifier

    classifier = CLASSIFIERS["residual_net"].load()(CLASSIFIERS["residual_net"].options(), n_classes=2, image_size=32)
    save_classifier(classifier, tmp_path / "c.safetensors")
    before = classifier.saved_digest()
    assert freeze(classifier).saved_digest() == before
    assert freeze(read_classifier(tmp_path / "c.safetensors", CLASSIFIERS)[0]).saved_digest() == before
    assert content_digest(classifier.state_dict()) != before


def test_damaged_passport_is_refused(tmp_path):
    passport = FACES.passport("border", criterion="equalized_odds")
    header = {**passport.header, "passport": {**passport.header["passport"], "lams": "many"}}
    raw = replace(passport.raw, texts={"fairprog": json.dumps(header)})
    file = Passport(header, passport.facts, raw).save(tmp_path / "p.safetensors")
    with pytest.raises(ArtifactError, match="damaged"):
        Passport.open(file)
    assert np.isfinite(fp.load_trigger(file).chosen_lam)
    with pytest.raises(ArtifactError, match="No passport"):
        Passport.open(tmp_path / "none.safetensors")
