"""Data: folders of pictures, known data sets, and one on the hub; the guess fills the form."""

import zipfile
from pathlib import Path

import pytest

from app.state import own_data
from app.wording import data as words
from fairprog_core.common.files.uploads import uploads
from tests import known_layouts as layouts
from tests.core.test_hub import environment
from tests.core.test_hub_data import FILES, NAME
from tests.small_hub import serving


def packed(folder: Path, file: Path) -> bytes:
    """A zip of a folder."""
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(folder.rglob("*")):
            archive.write(each, each.relative_to(folder.parent))
    return file.read_bytes()


@pytest.fixture
def at_folder(open_page):
    """The page Data after a path of this machine was opened."""

    def opened(path: Path):
        page = open_page("data")
        page.text_input(key="source.path").input(str(path))
        next(each for each in page.button if each.label == words.OPEN).click().run(timeout=120)
        return page

    return opened


def sentences(page) -> str:
    return "\n".join(each.value for each in (*page.markdown, *page.info)).replace("\\", "")


def test_folder_of_fairface_fills_the_form(at_folder, tmp_path):
    path = layouts.fairface(tmp_path)
    page = at_folder(path)
    assert not page.exception
    assert not page.error
    assert "This is FairFace: label gender" in sentences(page)
    draft = f"mapping.{path}"
    chosen = {name: page.selectbox(key=f"{draft}.{name}").value for name in ("image", "label", "group", "split")}
    assert chosen == {"image": "file", "label": "gender", "group": "race", "split": "split"}
    page.button(key="data.train").click().run(timeout=120)
    assert not page.exception
    dataset = page.session_state[own_data._key(own_data.DATASET)]
    assert (dataset["label"], dataset["group"], dataset["path"]) == ("gender", "race", str(path))


def test_uploaded_zip_of_pictures_takes_its_groups_from_a_second_table(open_page, home, tmp_path):
    folder = layouts.folders(tmp_path, ("neutral", "smile"), each=30)
    page = open_page("data")
    content = packed(folder, tmp_path / "photos.zip")
    page.file_uploader(key="source.file").upload("photos.zip", content, "application/zip").run(timeout=120)
    assert not page.exception
    assert not page.error
    assert words.INCOMPLETE in sentences(page)
    rows = "".join(f"{label}/{i}.jpg,{'xyz'[i % 3]}\n" for label in ("neutral", "smile") for i in range(30))
    page.file_uploader(key="second.file").upload("who.csv", f"file,who\n{rows}".encode(), "text/csv").run(timeout=120)
    assert not page.exception
    assert not page.error
    paths = {each.about.name: each.path for each in uploads(home)}
    draft = f"mapping.{paths['photos.zip']}.{paths['who.csv']}"
    assert page.selectbox(key=f"{draft}.label").value == "folder_1"
    assert page.selectbox(key=f"{draft}.group").value == "who"
    assert not page.button(key="data.train").disabled


def test_codes_of_a_known_data_set_keep_their_names(at_folder, tmp_path):
    page = at_folder(layouts.waterbirds(tmp_path))
    assert not page.exception
    assert not page.error
    page.button(key="data.train").click().run(timeout=120)
    dataset = page.session_state[own_data._key(own_data.DATASET)]
    assert dataset["labels"] == ["landbird", "waterbird"]
    assert dataset["group_names"] == ["land", "water"]


def test_data_set_on_the_hub_is_named_in_place_of_a_path(open_page, tmp_path, monkeypatch):
    """The page's process that looks at the table downloads it, from a hub on this machine."""
    with serving({NAME: FILES}) as hub:
        for variable, value in environment(hub.url, tmp_path / "hub").items():
            monkeypatch.setenv(variable, value)
        page = open_page("data")
        page.text_input(key="source.path").input(NAME)
        next(each for each in page.button if each.label == words.OPEN).click().run(timeout=120)
        assert not page.exception
        assert not page.error
        assert page.selectbox(key=f"mapping.{NAME}.label").value == "is_rude"
        page.button(key="data.train").click().run(timeout=120)
        assert page.session_state[own_data._key(own_data.DATASET)]["path"] == NAME
