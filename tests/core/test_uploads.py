"""Uploaded files lie in the home until they are deleted; a visitor of a shared server may name only uploads."""

import io
from pathlib import Path

import pytest

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.files.uploads import (
    find_upload,
    keep_upload,
    remove_upload,
    uploads,
)
from fairprog_core.common.home import ABOUT_UPLOAD, Home
from fairprog_core.common.sharing import Sharing
from fairprog_core.data import CelebAOptions

TABLE = b"text,label\nso,1\n"


def test_upload_is_kept_once_under_a_name_without_special_characters(home: Home) -> None:
    first = keep_upload(home, "my table (1).csv", io.BytesIO(TABLE))
    assert first.path.name == "my_table_1_.csv"
    assert first.path.read_bytes() == TABLE
    assert (first.about.name, first.n_bytes) == ("my table (1).csv", len(TABLE))
    assert keep_upload(home, "my table (1).csv", io.BytesIO(TABLE)) == first
    other = keep_upload(home, "my table (1).csv", io.BytesIO(TABLE), visitor="somebody")
    assert other.id != first.id
    assert uploads(home) == [other, first]
    remove_upload(home, first.id)
    remove_upload(home, first.id)
    assert uploads(home) == [other]
    assert find_upload(home, first.id) is None


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../../x.csv", "/etc/passwd", "a\\b.csv", "upload.json", "\udcff.csv", "x" * 4000, "-rf", "ü"],
)
def test_no_name_leads_out_of_the_uploads_folder(home: Home, name: str) -> None:
    upload = keep_upload(home, name, io.BytesIO(TABLE))
    assert upload.path.parent.parent == home.uploads
    assert sorted(path.name for path in upload.path.parent.iterdir()) == sorted([ABOUT_UPLOAD, upload.path.name])
    assert find_upload(home, upload.id) == upload


def test_empty_and_too_large_files_are_one_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"a\.csv is empty; upload a file with content"):
        keep_upload(home, "a.csv", io.BytesIO(b""))
    monkeypatch.setenv("FAIRPROG_MAX_UPLOAD_MEGABYTES", "1")
    with pytest.raises(DataError, match=r"a\.csv has 2 MB; at most 1 are allowed"):
        keep_upload(home, "a.csv", io.BytesIO(bytes(1_500_001)))
    assert uploads(home) == []
    with pytest.raises(ConfigError):
        remove_upload(home, "../runs")


def test_damaged_upload_is_left_out(home: Home) -> None:
    upload = keep_upload(home, "a.csv", io.BytesIO(TABLE))
    about = upload.path.with_name(ABOUT_UPLOAD)
    for content in ("", "[]", '{"name": 3}', '{"name": "b.csv", "added": 1.0, "visitor": null}'):
        about.write_text(content)
        assert uploads(home) == []
    about.write_text('{"name": "a.csv", "added": 1.0, "visitor": null}')
    assert [found.path for found in uploads(home)] == [upload.path]


def test_visitors_of_a_shared_server_may_name_uploads_and_no_other_path(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRPROG_HOME", str(home.path))
    upload = keep_upload(home, "a.zip", io.BytesIO(TABLE))
    policy = Sharing(is_shared=True)
    policy.check(CelebAOptions(root=str(upload.path)))
    around = upload.path.parent / ".." / upload.id / upload.path.name
    assert not home.is_upload(around)
    assert home.is_upload(upload.path)
    for path in (around, upload.path.parent, upload.path.with_name(ABOUT_UPLOAD), home.database, Path("/etc")):
        with pytest.raises(ConfigError, match="does not allow"):
            policy.check(CelebAOptions(root=str(path)))
