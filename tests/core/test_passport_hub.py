"""Passports in folders and on the hub: the real client speaks to a small server on this machine."""

import io
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from huggingface_hub import ModelCard
from PIL import Image

import fairprog_core as fp
from fairprog_core.common.errors import ConfigError, ModelError
from fairprog_core.common.errors.markdown import as_markdown
from fairprog_core.common.home import assets
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.pipeline.stress.stress_result import (
    CONDITIONS,
    GroupCalibration,
    StressedCurve,
    StressFigures,
    StressResult,
    StressRow,
)
from fairprog_core.results.run_folder import base_file
from tests.core.test_hub import environment
from tests.small_hub import serving

FACES, COMMENTS = (fp.Result.open(assets() / "demo" / name) for name in ("faces", "comments"))
PUSH = """
import sys, fairprog_core as fp
try:
    print(fp.push_to_hub(sys.argv[1], "org/border", license_id="apache-2.0"))
    print(fp.from_pretrained("org/border") == fp.Passport.open(sys.argv[1]))
    fp.push_to_hub(sys.argv[1], "org/border", token="hf_wrong")
except fp.FairprogError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def passport():
    return FACES.passport("border", criterion="equalized_odds")


def test_card_says_what_was_measured_and_what_was_not(passport):
    card = str(fp.model_card(passport, license_id="apache-2.0"))
    facts = passport.facts
    for point in (facts.base, facts.chosen, *facts.controls):
        assert f"{point.metrics[facts.gap]['value']:.3f}" in card
    headline = next(line for line in card.splitlines() if line.startswith("**"))
    assert "controls: random trigger" in headline
    assert all(as_markdown(sentence) in card for sentence in facts.not_measured)
    code = card.partition("```python\n")[2].partition("```")[0]
    assert len(code.strip().splitlines()) <= 10
    assert not {"debias", "unbiased", "fair model"} & set(card.lower().split())
    assert "male | blond | 600 | 206" in card


def test_card_has_what_stress_measured_and_no_longer_says_that_nobody_did(passport, tmp_path):
    shutil.copytree(FACES.folder, tmp_path / "run")
    (tmp_path / "run" / "stress.json").unlink()
    bare = fp.Result.open(tmp_path / "run").passport("border", criterion="equalized_odds")
    assert "Does it hold?" not in str(fp.model_card(bare)).partition("## What was not measured")[0]
    assert [each for each in bare.facts.not_measured if "calibrated" in each]
    key = passport.facts.curve

    def figures(gap):
        few = Estimate(gap, (gap - 0.05, gap + 0.05))
        return StressFigures(few, Estimate(0.9, (0.8, 1.0)), Estimate(-0.1, (-0.2, -0.05)), Estimate(0.0, None), False)

    rows = [
        StressRow(change, title, 100, figures(0.27), figures(gap), figures(0.25), Estimate(-0.1, (-0.2, -0.05)))
        for change, title, gap in (("unchanged", "as they are", 0.031), ("jpeg_50", "JPEG 50", 0.077))
    ]
    calibration = {
        name: [GroupCalibration(group, 100, 0.0431, 0.05, []) for group in (None, "female")] for name in CONDITIONS
    }
    curve = StressedCurve(key, "border", "equalized_odds", passport.facts.gap, 2.0, "random_trigger", rows, calibration)
    StressResult("faces", "image", 100, 2400, 0, [curve], {}, 1.0).save(tmp_path / "run" / "stress.json")
    measured = fp.Result.open(tmp_path / "run").passport("border", criterion="equalized_odds")
    file = measured.save(tmp_path / "p.safetensors")
    card = str(fp.model_card(fp.Passport.open(file)))
    assert "| JPEG 50 | 0.270 [0.220, 0.320] | 0.077 [0.027, 0.127] | 0.250" in card
    assert "| female | 0.043 (0.050) |" in card
    assert not [each for each in measured.facts.not_measured if "calibrated" in each or "compressed" in each]


def test_metadata_are_those_of_hugging_face(passport):
    data = ModelCard(str(fp.model_card(passport, repo_id="org/border", license_id="apache-2.0"))).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "fairprog", "image-classification")
    assert {"fairness", "border"} <= set(data.tags)
    found = {each.metric_name: each.metric_value for each in data.eval_results}
    gap = METRICS[passport.facts.gap].title
    assert found[f"{gap}, classifier alone"] == FACES.base.metric(passport.facts.gap).value
    assert found[f"{gap}, with the trigger at λ = 2"] == passport.facts.chosen.metrics[passport.facts.gap]["value"]


def test_code_of_the_card_runs(passport, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for result, name, rows in ((FACES, "border", 2), (COMMENTS, "hard", 2)):
        folder = fp.save_pretrained(result.passport(name, criterion="equalized_odds"), tmp_path / name)
        shutil.copyfile(base_file(result.folder), tmp_path / "classifier.safetensors")
        code = (folder / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
        scope = {}
        exec(code.replace("path/of/this/folder", str(folder)), scope)  # noqa: S102
        assert scope["logits"].shape == (rows, 2)


def test_text_of_a_run_is_no_markdown_on_the_card(passport):
    facts = passport.facts.model_copy(update={"groups": ["<b>a</b> | x", "[b](http://x)"], "study": "# odd\nname"})
    card = str(fp.model_card(fp.Passport.of(passport.header, facts, passport.raw)))
    assert "<b>" not in card
    assert "[b](http" not in card
    assert "\n# odd" not in card
    yaml.safe_load(card.split("---\n")[1])


def test_folder_holds_picture_or_words_and_is_read_again(passport, tmp_path):
    folder = fp.save_pretrained(passport, tmp_path / "border")
    assert fp.from_pretrained(folder) == passport == fp.from_pretrained(folder / "trigger.safetensors")
    picture = np.asarray(Image.open(io.BytesIO((folder / "trigger.png").read_bytes())))
    assert np.array_equal(picture, passport.trigger().picture(2.0))
    assert set(np.unique(picture[..., 3])) == {0, 255}
    words = fp.save_pretrained(COMMENTS.passport("hard"), tmp_path / "hard") / "trigger.txt"
    hard = COMMENTS.passport("hard")
    assert words.read_text().split() == hard.header["words"][hard.header["knots"].index(hard.chosen_lam)]
    assert words.read_text().strip() in (words.parent / "README.md").read_text()
    fp.save_pretrained(passport, folder)  # its own folder may be written again
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not a trigger's folder"):
        fp.save_pretrained(passport, tmp_path / "mine")


def test_trigger_that_is_no_picture_is_handed_out_without_one(passport, tmp_path):
    header = {**passport.header, "options": {**passport.header["options"], "pixels": "tanh"}}
    found = fp.Passport.of(header, passport.facts, passport.raw)
    folder = fp.save_pretrained(found, tmp_path / "tanh")
    assert {each.name for each in folder.iterdir()} == {"trigger.safetensors", "README.md"}
    assert "trigger.png" not in (folder / "README.md").read_text()
    with pytest.raises(ConfigError, match="a PNG holds 0 to 1"):
        found.trigger().to_png()


def test_passport_is_pushed_and_pulled_by_the_real_client(passport, tmp_path):
    file = passport.save(tmp_path / "border.safetensors")

    with serving({}) as hub:
        done = subprocess.run(
            [sys.executable, "-c", PUSH, str(file)], capture_output=True, text=True, check=False, cwd=tmp_path,
            env=environment(hub.url, tmp_path / "hub", HF_TOKEN="hf_right"),
        )  # fmt: skip
        address, is_same, refusal = done.stdout.splitlines() or [done.stderr]
        assert (address, is_same) == (f"{hub.url}/org/border", "True"), done.stderr
        assert refusal.startswith("ModelError The trigger could not be pushed")
        assert set(hub.models["org/border"]) == {"trigger.safetensors", "README.md", "trigger.png"}
        assert hub.models["org/border"]["trigger.safetensors"] == file.read_bytes()
        assert b'from_pretrained("org/border")' in hub.models["org/border"]["README.md"]


def test_what_is_nowhere_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="There is no folder"):
        fp.from_pretrained(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(fp.FairprogError, match="No passport at"):
        fp.from_pretrained(tmp_path / "empty")
    with pytest.raises(ConfigError, match="without a passport"):
        fp.push_to_hub(FACES.curves[0].artifact, "org/border")
