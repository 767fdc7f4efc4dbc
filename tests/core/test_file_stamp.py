"""Stamps of files enter cache keys: their JSON form and their order never change."""

import json
import os
import zipfile
import zlib
from pathlib import Path

import pytest

from fairprog_core.common.files.file_stamp import file_stamp
from fairprog_core.explain.live.request import version


def test_stamp_of_a_file_is_its_size_and_its_time_of_change(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"12345")
    os.utime(file, ns=(0, 1_700_000_000_123_456_789))
    assert json.dumps(file_stamp(file)) == "[5, 1700000000123456789]"
    assert version(file) == (str(file), 1700000000123456789, 5)


def test_stamp_inside_a_zip_is_size_and_checksum(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("list.txt", b"12345")
    inside = zipfile.Path(tmp_path / "data.zip") / "list.txt"
    assert list(file_stamp(inside)) == [5, zlib.crc32(b"12345")]


def test_missing_file_has_no_stamp_and_a_version_of_zeros(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_stamp(tmp_path / "nothing")
    assert version(tmp_path / "nothing") == (str(tmp_path / "nothing"), 0, 0)
