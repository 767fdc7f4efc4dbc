"""Data sets on the hub, against a real server on this machine: downloaded once, then read like any folder."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import Home
from fairprog_core.common.sharing import Sharing
from fairprog_core.data import TableOptions
from fairprog_core.data.table.source.find import is_on_hub
from tests.core.test_hub import environment
from tests.small_hub import Hub, serving

NAME = "org/remarks"
COLUMNS = ["text=remark", "label=is_rude", "group=region"]


def part(first: int, n: int) -> bytes:
    """A Parquet file of n remarks, which all differ."""
    rows = range(first, first + n)
    table = pa.table({
        "remark": [f"Remark {i} about the weather" for i in rows],
        "is_rude": [("polite", "rude")[i % 2] for i in rows],
        "region": [("north", "south")[i // 2 % 2] for i in rows],
    })  # fmt: skip
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


FILES = {
    "README.md": b"---\nlicense: cc0-1.0\n---\n",
    "data/train-00000-of-00002.parquet": part(0, 400),
    "data/train-00001-of-00002.parquet": part(400, 400),
    "data/validation-00000-of-00001.parquet": part(800, 200),
    "data/test-00000-of-00001.parquet": part(1000, 200),
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    parts = {
        f"{folder}/{file.split('/')[1]}": data for folder in ("en", "de") for file, data in FILES.items() if "/" in file
    }
    with serving({NAME: FILES, "org/languages": parts}) as hub:
        yield hub


@pytest.fixture
def fairprog(hub: Hub, tmp_path: Path):
    """``fairprog("data", "check", …)`` in a process whose hub is the small one: exit code, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        line = [sys.executable, "-m", "fairprog_core", *arguments, "--home", str(tmp_path / "home")]
        done = subprocess.run(
            line, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment(hub.url, tmp_path / "hub")
        )
        return done.returncode, done.stdout, done.stderr

    return call


def settings(name: str = NAME, *columns: str) -> list[str]:
    values = [f"dataset.path={name}", *(f"dataset.{each}" for each in columns or COLUMNS)]
    return [part for value in values for part in ("--set", value)]


def test_data_set_is_downloaded_once_and_its_parts_are_its_splits(fairprog, hub):
    code, out, errors = fairprog("data", "look", NAME, *settings()[2:], "--json")
    assert code == 0, errors
    report = json.loads(out)
    assert report["problem"] == ""
    assert report["name"] == NAME  # no path of this machine
    sizes = report["sizes"]
    assert sizes["train"] + sizes["tune"] == 800
    assert (sizes["val"], sizes["test"]) == (200, 200)
    asked = [line for line in hub.asked if line.startswith(("GET org", "GET datasets"))]
    assert len([line for line in asked if "resolve" in line]) == 4  # not the README
    hub.asked.clear()
    assert fairprog("data", "check", "table", *settings())[0] == 0
    assert not hub.asked


def test_study_runs_on_a_data_set_of_the_hub_and_keeps_its_name(fairprog, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(
        f'[dataset]\nkind = "table"\npath = "{NAME}"\ntext = "remark"\nlabel = "is_rude"\ngroup = "region"\n'
        '[classifier]\nkind = "encoder"\nsteps = 2\n[[triggers]]\nkind = "soft"\n[lam]\ngrid = [1.0]\n'
        "[budget]\nsteps = 2\nvalidate_every = 2\n[explain]\ngallery = 0\nrows = 0\nprobe = false\n"
    )
    code, _, errors = fairprog("run", str(study))
    assert code == 0, errors
    (result,) = (tmp_path / "home" / "runs").glob("*/result.json")
    assert json.loads(result.read_text())["study"]["dataset"]["path"] == NAME


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("org/nothing", "is neither a folder here nor to be had from the hub"),
        ("org/languages", "has no table of its own; try org/languages/de, org/languages/en."),
        (f"{NAME}/nowhere", "has no table of its own; try org/remarks."),
        ("own/remarks.csv", "does not exist"),  # a file's name is never asked for
    ],
)
def test_what_cannot_be_had_is_one_sentence(fairprog, hub, name, sentence):
    code, _, errors = fairprog("data", "check", "table", *settings(name))
    assert code == 2
    assert sentence in " ".join(errors.split())
    assert len(errors.strip()) <= 320
    if name.endswith(".csv"):
        assert not hub.asked


def test_folder_of_a_data_set_is_named_behind_it(fairprog):
    code, out, errors = fairprog("data", "check", "table", *settings("org/languages/de"))
    assert code == 0, errors
    assert "validation" not in out


def test_folder_that_is_here_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_on_hub(TableOptions(path="org/photos").path)
    Path("org/photos").mkdir(parents=True)
    assert TableOptions(path="org/photos").path == str(tmp_path / "org/photos")
    assert not is_on_hub(str(tmp_path / "org/photos"))


@pytest.mark.parametrize(("allowed", "is_allowed"), [((), False), (("hub",), True), (("folders",), False)])
def test_owner_of_a_shared_server_decides(allowed, is_allowed, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRPROG_HOME", str(Home(tmp_path).path))
    policy = Sharing(is_shared=True, allowed=frozenset(allowed))
    options = TableOptions(path=NAME)
    with nullcontext() if is_allowed else pytest.raises(ConfigError, match="does not allow"):
        policy.check(options)
