"""The content of picture files in cache keys: told apart by what they hold, read once."""

import os
import zipfile
from pathlib import Path

import pytest

from fairprog_core.common.files.pictures import stamp
from fairprog_core.common.files.pictures.stamp import MISSING, contents, picture_stamp
from fairprog_core.common.home import Home

NAMES = ("a.png", "b.png")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def folder(path: Path, *texts: str) -> Path:
    """A folder of files of equal names and times."""
    path.mkdir()
    for name, text in zip(NAMES, texts, strict=True):
        (path / name).write_text(text)
        os.utime(path / name, ns=(10**18, 10**18))
    return path


def test_files_of_equal_names_sizes_and_times_are_told_apart(tmp_path: Path, home: Home) -> None:
    first, second = folder(tmp_path / "1", "ab", "cd"), folder(tmp_path / "2", "ab", "xy")
    assert picture_stamp(first, NAMES, home) != picture_stamp(second, NAMES, home)


def test_same_content_elsewhere_has_the_same_stamp(tmp_path: Path, home: Home) -> None:
    first, second = folder(tmp_path / "1", "ab", "cd"), folder(tmp_path / "2", "ab", "cd")
    assert picture_stamp(first, NAMES, home) == picture_stamp(second, NAMES, home)


def test_order_and_names_count(tmp_path: Path, home: Home) -> None:
    place = folder(tmp_path / "1", "ab", "ab")
    stamps = {picture_stamp(place, names, home) for names in (NAMES, NAMES[::-1], NAMES[:1])}
    assert len(stamps) == 3


def test_file_that_is_changed_in_place_with_its_size_and_time_kept_changes_the_stamp(
    tmp_path: Path, home: Home
) -> None:
    place = folder(tmp_path / "1", "ab", "cd")
    before = picture_stamp(place, NAMES, home)
    (place / "b.png").write_text("xy")
    os.utime(place / "b.png", ns=(10**18, 10**18))
    assert picture_stamp(place, NAMES, home) != before


def test_unchanged_files_are_read_once(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path / "1", "ab", "cd")
    before = picture_stamp(place, NAMES, home)
    monkeypatch.setattr(stamp, "_read", lambda *_: pytest.fail("the files were read again"))
    assert picture_stamp(place, NAMES, home) == before


def test_missing_file_is_told(tmp_path: Path, home: Home) -> None:
    found = contents(folder(tmp_path / "1", "ab", "ab"), (*NAMES, "c.png"), home)
    assert found[2] == MISSING
    assert found[0] == found[1] != MISSING


@pytest.mark.parametrize("is_inner", [False, True])
def test_files_in_a_zip_are_known_by_their_checksums(tmp_path: Path, home: Home, is_inner: bool) -> None:
    stamps = []
    for number, text in enumerate(("cd", "xy", "cd")):
        file = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("in/a.png", "ab")
            archive.writestr("in/b.png", text)
        if is_inner:
            with zipfile.ZipFile(outer := tmp_path / f"outer{number}.zip", "w") as archive:
                archive.write(file, "pictures.zip")
            root = zipfile.Path(zipfile.ZipFile((zipfile.Path(outer) / "pictures.zip").open("rb")))
        else:
            root = zipfile.Path(file)
        assert (contents(root / "in/", (*NAMES, "c.png"), home) == MISSING).tolist() == [False, False, True]
        stamps.append(picture_stamp(root / "in/", NAMES, home))
    assert stamps[0] == stamps[2] != stamps[1]
