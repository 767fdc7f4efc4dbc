"""The wheel holds all that a run and the dashboard need, and works from a folder that is not the repository."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.core.pages import ROOT

NOT_SHIPPED = {".ts", ".pyc"}  # types for `make check-js`; what Python leaves behind


def build(target: str, out: Path, root: Path = ROOT) -> Path:
    """Build without a network, with the backend that ``pyproject.toml`` names."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(out)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.iterdir())


def files_below(folder: Path) -> set[str]:
    """The repository's files of a folder, by their path from there."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if Path(name).suffix not in NOT_SHIPPED}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel's content in a folder, as pip lays it into an environment."""
    folder = tmp_path_factory.mktemp("site-packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def run_installed(installed: Path, folder: Path, *arguments: str) -> str:
    """What Python prints, run in ``folder`` with the wheel's packages before all others."""
    environment = os.environ | {"PYTHONPATH": str(installed), "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_both_packages_and_the_assets_and_nothing_else(wheel):
    wanted = {f"fairprog_core/assets/{name}" for name in files_below(ROOT / "assets")}
    wanted |= {f"{package}/{name}" for package in ("app", "fairprog_core") for name in files_below(ROOT / package)}
    assert {
        "fairprog_core/assets/encoders/minilm-2/model.safetensors",
        "fairprog_core/assets/demo/faces/result.json",
        "fairprog_core/study/presets/comments-quick.toml",
        "app/.streamlit/config.toml",
        "app/widgets/table.js",
        "app/widgets/live_plot.html",
        "app/static/icon.svg",
    } <= wanted
    assert {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name} == wanted


def test_assets_are_the_bytes_of_the_repository(installed):
    for name in files_below(ROOT / "assets"):
        assert (installed / "fairprog_core" / "assets" / name).read_bytes() == (ROOT / "assets" / name).read_bytes()


def test_wheel_from_the_sdist_is_that_from_the_repository(wheel, tmp_path):
    with tarfile.open(build("sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    again = build("wheel", tmp_path / "again", next((tmp_path / "source").iterdir()))
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


def test_installed_library_finds_shipped_study_encoder_and_theme(installed, tmp_path):
    code = (
        "import fairprog_core as fp; from fairprog_core.common.home import assets\n"
        "from fairprog_core.classifiers.encoder.folder import find_model; from app.server.serve import server_options\n"
        "print(fp.Result.open(assets() / 'demo' / 'faces').study['name'])\n"
        "print(assets()); print(find_model('shipped'))\n"
        "print(server_options('127.0.0.1', 8501, is_shared=False)['theme.light.primaryColor'])\n"
    )
    name, shipped, encoder, colour = run_installed(installed, tmp_path, "-c", code).splitlines()
    assert (name, colour) == ("faces", "#0072B2")
    assert Path(shipped) == installed / "fairprog_core" / "assets"
    assert Path(encoder).is_relative_to(installed)


@pytest.mark.parametrize("arguments", [("--help",), ("data", "list")], ids=" ".join)
def test_installed_command_answers_from_any_folder(installed, tmp_path, arguments):
    assert "faces" in run_installed(installed, tmp_path, "-m", "fairprog_core", *arguments)
