"""Uploaded zips of models: what is unpacked, and what is refused."""

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from fairprog_core.classifiers.uploaded import MOST_ENTRIES, unpack_model
from fairprog_core.common.errors import ModelError
from fairprog_core.common.files.uploads import Upload, keep_upload, remove_upload
from fairprog_core.common.home import Home
from tests.core.test_image_model import opened
from tests.tiny_pictures import save_vit

MODEL = {"config.json": b"{}", "model.safetensors": b"weights"}


def upload_of(home: Home, files: Mapping[str, bytes], name: str = "model.zip") -> Upload:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    content.seek(0)
    return keep_upload(home, name, content)


def test_folder_of_a_model_is_unpacked_once_and_deleted_with_its_upload(home: Home) -> None:
    files = {f"vit/{name}": text for name, text in MODEL.items()} | {
        "vit/pytorch_model.bin": b"pickle",
        "vit/run.py": b"code",
        "__MACOSX/vit/._config.json": b"",
        "README.txt": b"hi",
    }  # fmt: skip
    upload = upload_of(home, files)
    folder = unpack_model(upload)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == MODEL
    assert unpack_model(upload) == folder
    assert home.is_upload(folder)
    remove_upload(home, upload.id)
    assert not folder.exists()


def test_uploaded_folder_of_transformers_is_a_classifier(home: Home, tmp_path: Path) -> None:
    folder = save_vit(tmp_path / "vit")
    unpacked = unpack_model(upload_of(home, {path.name: path.read_bytes() for path in folder.iterdir()}))
    assert opened(model=str(unpacked)).digest() == opened(model=str(folder)).digest()


@pytest.mark.parametrize("path", ["../x.json", "/x.json", "a/../../x.json", "..\\x.json", "C:/x.json"])
def test_path_out_of_the_folder_is_refused(home: Home, path: str) -> None:
    with pytest.raises(ModelError, match="leads out of its folder"):
        unpack_model(upload_of(home, {**MODEL, path: b"{}"}))
    assert not list(home.path.rglob("x.json"))


def test_link_is_refused(home: Home) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in MODEL.items():
            archive.writestr(name, text)
        link = zipfile.ZipInfo("vocab.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    content.seek(0)
    with pytest.raises(ModelError, match="holds a link"):
        unpack_model(keep_upload(home, "model.zip", content))


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"model.safetensors": b"x"}, "holds no config.json"),
        ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "no weights as .safetensors"),
        ({**MODEL, **{f"{i}.txt": b"" for i in range(200)}}, "202 files of a model"),
        ({**MODEL, **{f"{i}.bin": b"" for i in range(MOST_ENTRIES)}}, "allowed are 2,000"),
    ],
)
def test_zip_without_a_model_is_one_sentence(home: Home, files: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        unpack_model(upload_of(home, files))
    assert len(str(caught.value)) <= 300


def test_what_is_no_zip_or_becomes_too_large_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="not a readable zip"):
        unpack_model(keep_upload(home, "model.zip", io.BytesIO(b"no zip")))
    monkeypatch.setenv("FAIRPROG_MAX_UPLOAD_MEGABYTES", "1")
    bomb = upload_of(home, {**MODEL, "model.safetensors": bytes(3_000_000)})
    with pytest.raises(ModelError, match="larger than it may"):
        unpack_model(bomb)
    assert not list(home.uploads.rglob("*.safetensors"))
