"""The guide to a new trigger is true: its file and its line, in a copy of the library, and a study runs with it."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from fairprog_core.results.result import Result
from tests.conftest import TINY
from tests.core.pages import ROOT, blocks

GUIDE = ROOT / "docs" / "guides" / "trigger.md"
STUDY = TINY | {
    "triggers": [{"kind": "corners", "size": 0.2}],
    "budget": {"steps": 2, "validate_every": 2},
    "explain": {"gallery": 0, "rows": 0, "probe": False},
}


@pytest.fixture
def library(tmp_path):
    """A copy of the library with what the guide adds to it."""
    shutil.copytree(ROOT / "fairprog_core", tmp_path / "fairprog_core", ignore=shutil.ignore_patterns("__pycache__"))
    options, trigger = [block for block in blocks(GUIDE, "python") if block.title.startswith("fairprog_core/")]
    (line,) = [block for block in blocks(GUIDE, "text") if block.title.endswith("in TRIGGERS")]
    registry = tmp_path / options.title
    text = registry.read_text(encoding="utf-8")
    own = options.code[options.code.index("class ") :]
    assert text.count("\nTRIGGERS") == 1
    text = text.replace("\nTRIGGERS", f"\n{own}\n\nTRIGGERS")
    before, border, after = text.partition('    "border": Entry(')
    assert border
    registry.write_text(before + line.code + border + after, encoding="utf-8")
    (tmp_path / trigger.title).write_text(trigger.code, encoding="utf-8")
    return tmp_path


@pytest.fixture
def plugin(tmp_path):
    """A folder with the guide's plug-in; the library stays as it is."""
    (file,) = [block for block in blocks(GUIDE, "python") if block.title == "my_corners.py"]
    (tmp_path / file.title).write_text(file.code, encoding="utf-8")
    return tmp_path


def run_corners(folder, **environment):
    """Run a study with the new trigger from a folder; its curves must stand beside their control."""
    (folder / "study.json").write_text(json.dumps(STUDY))
    command = [sys.executable, "-m", "fairprog_core", "run", "study.json", "--home", "home"]
    whole = os.environ | {"FAIRPROG_ASSETS": str(ROOT / "assets")} | environment
    done = subprocess.run(command, cwd=folder, env=whole, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "orners" in done.stdout
    (run,) = (folder / "home" / "runs").iterdir()
    result = Result.open(run)
    assert [curve.key for curve in result.curves] == ["reprogram-corners-equalized_odds-s0"]
    assert result.select(method="random_trigger", trigger="corners")


def test_one_file_and_one_line_run_a_study(library):
    run_corners(library, PYTHONPATH=str(library))


@pytest.mark.skipif(find_spec("fairprog_core.common.plugins") is None, reason="this fairprog reads no plug-ins")
def test_plugin_runs_a_study(plugin):
    run_corners(plugin, PYTHONPATH=os.pathsep.join((str(plugin), str(ROOT))), FAIRPROG_PLUGINS="my_corners")
