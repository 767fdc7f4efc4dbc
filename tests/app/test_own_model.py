"""Train: a classifier of one's own is uploaded as a zip, and the form begins with it."""

import io
import zipfile
from pathlib import Path

import pytest

from app.wording import train as words
from fairprog_core.common.files.uploads import uploads
from fairprog_core.common.sharing import Sharing
from fairprog_core.runs import Store
from tests.tiny_pictures import save_vit


def packed(folder: Path) -> bytes:
    """A zip of a folder, as a person packs it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
    return content.getvalue()


@pytest.fixture
def shared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether this is a shared server, whose visitors may name no folder."""
    for name, value in Sharing(is_shared=request.param).to_environment().items():
        monkeypatch.setenv(name, value)
    return bool(request.param)


@pytest.mark.parametrize("shared", [False, True], indirect=True)
def test_uploaded_classifier_is_the_base_of_the_study(open_page, home, shared, tmp_path):
    page = open_page("train")
    zipped = packed(save_vit(tmp_path / "vit"))
    page.file_uploader(key="study.own_model.file").upload("vit.zip", zipped, "application/zip").run(timeout=60)
    assert not page.exception
    assert not page.error
    (kept,) = uploads(home)
    page.button(key="train").click().run(timeout=60)
    assert not page.exception
    (run,) = Store(home).list()
    assert run.study["classifier"]["kind"] == "image_model"
    assert Path(run.study["classifier"]["model"]).parent == kept.path.parent
    page = open_page("train")
    assert not page.exception


def test_zip_that_is_no_model_is_one_sentence_and_is_not_kept(open_page, home):
    page = open_page("train")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("model/pytorch_model.bin", b"no weights")
    page.file_uploader(key="study.own_model.file").upload("m.zip", content.getvalue(), "application/zip").run(
        timeout=60
    )
    assert not page.exception
    assert "no config.json" in page.error[0].value.replace("\\", "")
    assert uploads(home) == []


def test_uploaded_classifier_can_be_left_out_again(open_page, tmp_path):
    page = open_page("train")
    zipped = packed(save_vit(tmp_path / "vit"))
    page.file_uploader(key="study.own_model.file").upload("vit.zip", zipped, "application/zip").run(timeout=60)
    assert page.selectbox(key=next(box.key for box in page.selectbox if "classifier.kind" in str(box.key))).value
    page.button(key="study.own_model.leave").click().run(timeout=60)
    assert not page.exception
    assert words.OWN_MODEL_CHOSEN.format(name="vit.zip") not in [caption.value for caption in page.caption]
