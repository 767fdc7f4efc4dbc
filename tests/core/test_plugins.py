"""Plug-ins are loaded before studies are built, later ones rebuild them, and a broken one is one sentence."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from fairprog_core import triggers
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.common import plugins, registry
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.registry import Entry
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS
from fairprog_core.metrics import fairness
from fairprog_core.metrics.summaries import reported
from fairprog_core.study import Study
from fairprog_core.triggers import TRIGGERS, BorderOptions
from tests.plugin.plugged import EVERYTHING, plugged_in

ROOT = Path(__file__).resolve().parents[2]
SHADES: dict[str, Any] = {"dataset": {"kind": "shades"}, "triggers": [{"kind": "cross"}], "classifier": {"kind": "dot"}}


def in_a_process(code: str, folder: Path, *modules: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh process that has these plug-ins, with ``folder`` on its path."""
    env = os.environ | {"FAIRPROG_PLUGINS": ",".join(modules), "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_what_is_registered_later_can_be_chosen_in_the_study_that_was_built_before() -> None:
    before = Study.model_json_schema()
    with pytest.raises(ConfigError, match="there is no 'shades'"):
        Study.parse(SHADES)
    with plugged_in(EVERYTHING) as problems:
        assert problems == ()
        study = Study.parse(SHADES | {"transfer": [{"classifier": {"kind": "dot", "epochs": 3}}]})
        assert [plan.key for plan in study.plan()] == ["reprogram-cross-equalized_odds-s0"]
        assert Study.parse(study.to_json()) == study
        assert {"shades", "dot", "cross", "fade"} <= {*DATASETS, *CLASSIFIERS, *TRIGGERS, *METHODS}
        assert fairness.gaps()[-1] == "accuracy_gap"
        assert reported()["accuracy_gap"] == "Accuracy gap"
    assert Study.model_json_schema() == before
    with pytest.raises(ConfigError, match="there is no 'shades'"):
        Study.parse(SHADES)


def test_plug_in_changes_no_study_that_does_not_name_it() -> None:
    before = Study().to_json(), Study().digest()
    with plugged_in(EVERYTHING):
        assert (Study().to_json(), Study().digest()) == before


def test_plug_in_leaves_torch_alone_and_is_there_when_the_study_is_built() -> None:
    code = f"from fairprog_core.study import Study; Study.parse({SHADES}); import sys; print('torch' in sys.modules)"
    done = in_a_process(code, ROOT, EVERYTHING)
    assert (done.returncode, done.stdout.split()) == (0, ["False"]), done.stderr


def test_installed_plug_in_is_found_by_its_entry_point(tmp_path: Path) -> None:
    about = tmp_path / "shades-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shades\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nshades = {EVERYTHING}\n")
    done = in_a_process(
        "from fairprog_core.study import Study; print(Study.parse({'dataset': {'kind': 'shades'}}))", tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "ShadesOptions" in done.stdout


BROKEN = """
from fairprog_core.common.registry import Entry
from fairprog_core.triggers import BorderOptions, register
from typing import Literal
class Options(BorderOptions):
    "One that was registered in vain."
    kind: Literal["in_vain"] = "in_vain"
register("in_vain", Entry(Options, "nowhere:Trigger"))
"""


@pytest.mark.parametrize(
    ("module", "text", "reason"),
    [
        ("plugin_that_divides", f"{BROKEN}1 / 0", "ZeroDivisionError: division by zero."),
        ("plugin_that_exits", f"{BROKEN}raise SystemExit(3)", "SystemExit: 3."),
        ("plugin_with_a_border", f'{BROKEN}register("border", Entry(BorderOptions, "a:B"))',
         "There is a trigger 'border' already; register yours under another key."),
        ("plugin_nowhere", None, "there is no module plugin_nowhere; install it, add its folder to PYTHONPATH, or "
         "correct FAIRPROG_PLUGINS."),
        ("plugin_of_a_library", "import a_library_that_nobody_has", "ModuleNotFoundError: No module named "
         "'a_library_that_nobody_has'."),
    ],
)  # fmt: skip
def test_broken_plug_in_is_one_sentence_and_the_others_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, text: str | None, reason: str
) -> None:
    if text is not None:
        (tmp_path / f"{module}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with plugged_in(module, EVERYTHING) as problems:
        assert problems == (f"The plug-in {module} was not loaded: {reason}",)
        assert plugins.plugins() == (EVERYTHING,)
        assert Study.parse(SHADES)
        assert "in_vain" not in TRIGGERS  # what it had registered by then
    assert "cross" not in TRIGGERS


def test_command_line_says_once_which_plug_in_is_missing_and_goes_on(tmp_path: Path) -> None:
    code = "from fairprog_core import cli; cli.main(['runs', 'list', '--json', '--home', 'home'])"
    done = in_a_process(code, tmp_path, "plugin_nowhere")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    sentences = [line for line in done.stderr.splitlines() if "plugin_nowhere" in line]
    assert len(sentences) == 1
    assert sentences[0].startswith("fairprog: The plug-in plugin_nowhere was not loaded: there is no module")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("border", "There is a trigger 'border' already"),
        ("My-Trigger", "a key has up to 40 lower-case letters"),
        ("other", "must say `kind: Literal"),
    ],
)
def test_key_that_cannot_be_registered_is_one_sentence(key: str, sentence: str) -> None:
    before = dict(TRIGGERS)
    with pytest.raises(ConfigError, match=sentence):
        triggers.register(key, Entry(BorderOptions, "fairprog_core.triggers.image:Border"))
    assert before == TRIGGERS


def test_metric_that_exists_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is a metric 'accuracy' already"):
        fairness.register("accuracy", fairness.METRICS["accuracy"])


def test_implementation_that_a_function_defines_is_defined_once() -> None:
    with plugged_in(EVERYTHING):
        assert TRIGGERS["cross"].load() is TRIGGERS["cross"].load()
        assert (
            registry.build(CLASSIFIERS, CLASSIFIERS["dot"].options.parse({}), n_classes=3, image_size=32).n_classes == 3
        )


def test_options_of_a_plug_in_are_checked_as_all_others() -> None:
    with plugged_in(EVERYTHING):
        with pytest.raises(ConfigError, match=r"triggers\.0\.width"):
            Study.parse(SHADES | {"triggers": [{"kind": "cross", "width": 99}]})
        with pytest.raises(ValidationError):
            Study.model_validate(SHADES | {"seeds": []})


def test_process_that_explains_knows_plug_ins(tmp_path: Path) -> None:
    from fairprog_core.classifiers.base import save_classifier
    from fairprog_core.explain.live.process import ExplainProcess, Request

    photo = np.full((32, 32, 3), 90, np.uint8)
    with plugged_in(EVERYTHING):
        classifier = registry.build(CLASSIFIERS, CLASSIFIERS["dot"].options.parse({}), n_classes=2, image_size=32)
        save_classifier(classifier, tmp_path / "base.safetensors")
        trigger = registry.build(TRIGGERS, TRIGGERS["cross"].options.parse({}), image_size=32)
        trigger.save(tmp_path / "trigger.safetensors")
        with closing(ExplainProcess()) as process:
            found = process.explain(
                Request(photo, tmp_path / "base.safetensors", tmp_path / "trigger.safetensors", 1.0)
            )
    changed = (found["picture_with"] != photo).any(-1)
    assert changed.sum() == trigger.mask().sum()
    assert changed[:, 15:17].all()
