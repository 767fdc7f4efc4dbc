"""``tools/install.py``: which build of PyTorch it takes, in an environment of its own.

The script runs as ``make`` runs it. In the place of uv and pip, which would download gigabytes, are scripts that write
down how they were called; one test asks the real uv for the lines that the script reads.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.core.pages import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script chooses a build on Linux alone")

PROGRAM = """
import json, os, pathlib, shutil, sys
said = json.loads(os.environ["SAID"])
with open(os.environ["LOG"], "a") as log:
    log.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
kind = "fetch" if "--target" in sys.argv else "trial" if "--dry-run" in sys.argv else "install"
code, text = said.get({name!r} + " " + kind, [0, ""])
if kind == "fetch" and not code:
    folder = pathlib.Path(sys.argv[sys.argv.index("--target") + 1]) / "bin"
    folder.mkdir(parents=True)
    shutil.copy(os.environ["UV"], folder / "uv")
print(text, file=sys.stderr)
sys.exit(code)
"""
CPU = " + torch==2.13.0+cpu\n + torchvision==0.28.0+cpu"
NO_WAY = "Using Python 3.11.7\nerror: Failed to fetch: https://example.org/torch/\n  cause: dns error"


class Done(NamedTuple):
    """What the script printed, how it ended, and the commands that it ran."""

    printed: str
    code: int
    commands: list[list[str]]


class Machine:
    """A folder with a fresh environment, a copy of the script, and programs in the place of uv and pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.python = folder / "venv" / "bin" / "python"
        (folder / "copy" / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "install.py", folder / "copy" / "tools")
        shutil.copy(ROOT / "pyproject.toml", folder / "copy")
        (folder / "modules" / "pip").mkdir(parents=True)
        (folder / "modules" / "pip" / "__main__.py").write_text(PROGRAM.format(name="pip"))
        self.uv = folder / "uv"
        self.uv.write_text(f"#!{self.python}\n{PROGRAM.format(name='uv')}")
        self.uv.chmod(0o755)

    def install(self, *arguments: str, has_uv: bool = True, **said: tuple[int, str]) -> Done:
        """Run the script; ``said`` holds exit code and message by what is asked: uv_trial, uv_install, pip_fetch, …"""
        bin_folder, log = self.folder / "bin", self.folder / "log"
        bin_folder.mkdir()
        log.touch()
        if has_uv:
            shutil.copy(self.uv, bin_folder / "uv")
        env = {
            "PATH": str(bin_folder),
            "PYTHONPATH": str(self.folder / "modules"),
            "LOG": str(log),
            "UV": str(self.uv),
            "SAID": json.dumps({name.replace("_", " "): each for name, each in said.items()}),
        }
        command = [self.python, self.folder / "copy" / "tools" / "install.py", *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        return Done(done.stdout, done.returncode, [json.loads(line) for line in log.read_text().splitlines()])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def verbs(done: Done) -> list[str]:
    """The commands in short."""
    return [
        f"{program} {'fetch' if '--target' in words else 'trial' if '--dry-run' in words else 'install'}"
        for program, *words in done.commands
    ]


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        ("+cpu", "PyTorch 2.13.0+cpu: the build for CPU, 0.2 GB to download instead of 2.8, because no NVIDIA driver"),
        ("+cu128", "PyTorch 2.13.0+cu128: the build cu128, which fits the GPU driver of this machine."),
        ("", "PyTorch 2.13.0: the build of PyPI, which fits the GPU driver of this machine."),
    ],
)
def test_build_that_fits_the_driver_is_taken_before_the_rest(machine: Machine, build: str, sentence: str) -> None:
    done = machine.install("test", uv_trial=(0, f"Resolved 20 packages\n + torch==2.13.0{build}"))
    assert sentence in done.printed
    assert verbs(done) == ["uv trial", "uv install", "pip install"]
    trial, install, rest = done.commands
    assert trial == [*install, "--dry-run"]
    assert install[install.index("--torch-backend") + 1] == "auto"
    assert install[install.index("--python") + 1] == str(machine.python)
    assert [word.partition(">")[0] for word in install[-2:]] == ["torch", "torchvision"]
    assert rest[-3:] == ["install", "--editable", ".[test]"]


def test_without_uv_one_is_fetched_beside_the_environment(machine: Machine) -> None:
    done = machine.install(has_uv=False, uv_trial=(0, CPU))
    assert verbs(done) == ["pip fetch", "uv trial", "uv install", "pip install"]
    assert "the build for CPU" in done.printed
    assert done.commands[-1][-1] == "."
    scratch = Path(done.commands[0][done.commands[0].index("--target") + 1])
    assert not scratch.exists()
    assert not list((machine.folder / "venv").rglob("uv"))


@pytest.mark.parametrize(
    ("has_uv", "said", "sentence", "commands"),
    [
        (False, {"pip_fetch": (1, "")}, "uv, which finds the build .*, could not be installed", ["pip fetch"]),
        (True, {"uv_trial": (2, NO_WAY)}, r"other builds cannot be reached \(dns error\)", ["uv trial"]),
        (True, {"uv_trial": (0, "Audited 2 packages")}, r"cannot be reached \(Audited 2 packages\)", ["uv trial"]),
        (True, {"uv_trial": (1, "")}, r"cannot be reached \(uv said nothing\)", ["uv trial"]),
        (
            True,
            {"uv_trial": (0, CPU), "uv_install": (1, "disk full")},
            "uv could not install it; its message is above",
            ["uv trial", "uv install"],
        ),
    ],
)
def test_what_stands_in_the_way_is_said_and_the_plain_build_is_taken(
    machine: Machine, has_uv: bool, said: dict[str, tuple[int, str]], sentence: str, commands: list[str]
) -> None:
    done = machine.install(has_uv=has_uv, **said)
    assert re.search(f"PyTorch: PyPI's build with CUDA, 2.8 GB to download, because .*{sentence}", done.printed)
    assert verbs(done) == [*commands, "pip install"]
    assert done.code == 0


def test_exit_code_is_that_of_the_last_installation(machine: Machine) -> None:
    assert machine.install(uv_trial=(0, CPU), pip_install=(3, "no such package")).code == 3


def test_torch_that_is_there_stays(machine: Machine) -> None:
    (machine.folder / "modules" / "torch").mkdir()
    (machine.folder / "modules" / "torch" / "__init__.py").touch()
    done = machine.install()
    assert verbs(done) == ["pip install"]
    assert done.printed == ""


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel without content, of which uv reads the name and the version."""
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


def test_real_uv_prints_the_build_as_the_script_reads_it(machine: Machine, tmp_path: Path) -> None:
    """With the script's own way to a uv and its own pattern; from wheels in a folder, nothing large is downloaded."""
    read = (
        "import shutil, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import install; "
        "uv = shutil.which('uv') or install.fetched_uv(Path(sys.argv[2])); print(uv or ''); "
        "done = install.run([uv, 'pip', 'install', '--python', sys.argv[3], '--no-index', '--find-links', sys.argv[2], "
        "'torch', '--dry-run']) if uv else None; print(install.FOUND.search(done.stderr)[1] if done else '')"
    )
    wheel(tmp_path, "torch", "2.13.0+cpu")
    command = [sys.executable, "-c", read, ROOT / "tools", tmp_path, machine.python]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    uv, found = done.stdout.splitlines()
    if not uv:
        pytest.skip("no uv here, and none can be installed")
    assert found == "2.13.0+cpu"
