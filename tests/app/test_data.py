"""Data: uploading a table, the guesses, the findings, the audit of predictions, the way to the page Train."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.state import cli_queries
from app.wording import data as words
from app.wording import train as train_words
from fairprog_core.api.made_from import made_from
from fairprog_core.common.files.uploads import uploads
from fairprog_core.common.sharing import Sharing
from fairprog_core.runs import Store
from tests.app.drawn import traces

GROUPS = ("about_christian", "about_muslim")


def remarks(n: int = 400) -> bytes:
    """A table with names of its own; group and label vary independently but for a few rows."""
    rows = ["remark,is_rude,about_christian,about_muslim"]
    for i in range(n):
        is_rude = i % 5 == 0 or (i % 3 == 0 and i % 7 == 0)
        rows.append(
            f'"Remark {i}, number {i * i}",{"rude" if is_rude else "polite"},{int(i % 2 == 0)},{int(i % 3 == 0)}'
        )
    return "\n".join(rows).encode()


def predictions(n: int = 400) -> bytes:
    rows = ["truth,predicted,gender", *(f"{i % 2},{int(i % 2 and i % 5 > 0)},{'fm'[i % 3 == 0]}" for i in range(n))]
    return "\n".join(rows).encode()


def photos(n: int = 48) -> bytes:
    """A zip of pictures with their table."""
    packed, rows = io.BytesIO(), ["file,smiling,gender"]
    random = np.random.default_rng(0)
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(n):
            picture = io.BytesIO()
            Image.fromarray(random.integers(0, 255, (20, 16, 3), dtype=np.uint8)).save(picture, "png")
            archive.writestr(f"photos/{i}.png", picture.getvalue())
            rows.append(f"photos/{i}.png,{i % 2},{'fm'[i % 4 < 2]}")
        archive.writestr("faces.csv", "\n".join(rows))
    return packed.getvalue()


@pytest.fixture
def upload(open_page):
    """``upload("a.csv", content)``: the page Data after this file was uploaded."""

    def at_page(name: str, content: bytes):
        page = open_page("data")
        assert not page.exception
        page.file_uploader(key="source.file").upload(name, content, "application/octet-stream").run(timeout=120)
        return page

    return at_page


def sentences(page) -> str:
    return "\n".join(each.value for each in page.markdown)


def test_table_is_guessed_counted_and_leads_to_the_page_train(upload, home, workers_asked_for):
    page = upload("remarks.csv", remarks())
    assert not page.exception
    assert not page.error
    (kept,) = uploads(home)
    assert kept.about.name == "remarks.csv"
    draft = f"mapping.{kept.path}"
    assert page.selectbox(key=f"{draft}.text").value == "remark"
    assert page.selectbox(key=f"{draft}.label").value == "is_rude"
    assert page.selectbox(key=f"{draft}.is_rude.positive").value == "rude"
    assert page.multiselect(key=f"{draft}.groups").value == list(GROUPS)
    bars = traces(page, "findings.balance")
    assert [bar["name"] for bar in bars] == ["polite", "rude"]
    n_muslim = sum(1 for i in range(400) if i % 3 == 0)
    assert sum(bar["x"][1] for bar in bars) == n_muslim
    assert "rows are in no group" in sentences(page)
    page.button(key="data.train").click().run(timeout=120)
    assert not page.exception
    assert "remarks.csv" in sentences(page)
    page.switch_page("views/train.py").run()  # the test's browser forgets what a script switched to
    page.button(key="train").click().run()
    (run,) = Store(home).list()
    assert run.study["dataset"]["groups"] == list(GROUPS)
    assert run.study["dataset"]["positive"] == "rude"
    assert [each.id for each in made_from(Store(home), kept.path).runs] == [run.id]


def test_zip_of_pictures_with_their_table_is_data_of_pictures(upload, home):
    page = upload("faces.zip", photos())
    assert not page.exception
    (kept,) = uploads(home)
    assert page.selectbox(key=f"mapping.{kept.path}.image").value == "file"
    assert not page.error
    page.button(key="data.train").click().run(timeout=120)
    assert not page.exception
    assert train_words.OWN_PICTURES.split("{")[0] in sentences(page)
    assert "faces.zip" in sentences(page)


def test_small_cells_are_told_with_what_they_make_impossible(upload):
    rows = [f"text {i},{'yes' if i % 2 and i % 3 else 'no'},{'fm'[i % 3 == 0]}" for i in range(300)]
    page = upload("small.csv", "\n".join(["comment,label,gender", *rows]).encode())
    assert not page.exception
    assert "equalized odds cannot be estimated; demographic parity can" in sentences(page)


def test_predictions_from_anywhere_are_audited(upload, home):
    page = upload("predictions.csv", predictions())
    page.segmented_control(key="part").set_value("predictions").run(timeout=120)
    assert not page.exception
    (kept,) = uploads(home)
    draft = f"predictions.{kept.path}"
    assert page.selectbox(key=f"{draft}.label").value == "truth"
    assert page.multiselect(key=f"{draft}.prediction").value == ["predicted"]
    next(button for button in page.button if button.label == words.AUDIT).click().run(timeout=120)
    assert not page.exception
    assert not page.error
    assert words.REPORT in [header.value for header in page.header]
    assert "Always predicting the most frequent label" in sentences(page)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"\n", "empty"),
        ("book.zip", b"PK\x03\x04 no zip", "not a readable zip"),
        ("noise.parquet", b"PAR1 no table", "damaged"),
        ("header.csv", b"comment,label,gender\n", "no row"),
    ],
)
def test_file_that_is_no_table_is_one_sentence_and_another_can_be_chosen(upload, name, content, says):
    page = upload(name, content)
    assert not page.exception
    told = [error.value for error in page.error] + [info.value for info in page.info]
    assert any(says in sentence.replace("\\", "") for sentence in told)
    page.button(key="source.again").click().run()
    assert not page.exception
    assert page.file_uploader(key="source.file")


def test_path_that_does_not_exist_is_one_sentence(open_page):
    page = open_page("data")
    page.text_input(key="source.path").set_value("/no/such/table.csv")
    next(button for button in page.button if button.label == words.OPEN).click().run()
    assert not page.exception
    assert "no file or folder" in page.error[0].value.replace("\\", "")


def test_upload_is_deleted_with_all_that_was_made_from_it(upload, home):
    page = upload("remarks.csv", remarks())
    (kept,) = uploads(home)
    assert len(made_from(Store(home), kept.path).rows) == 1
    page.button(key="source.again").click().run()
    page.button(key=f"source.earlier.delete.{kept.id}").click().run()
    assert "1 copy of its rows" in sentences(page)
    page.button(key="removal.yes").click().run()
    assert not page.exception
    assert uploads(home) == []
    assert made_from(Store(home), kept.path).rows == ()


def test_on_a_shared_server_no_path_is_asked_for_and_none_is_shown(open_page, home: Path, monkeypatch):
    for name, value in Sharing(is_shared=True).to_environment().items():
        monkeypatch.setenv(name, value)
    page = open_page("data")
    assert not page.exception
    assert not [box for box in page.text_input if box.key == "source.path"]
    assert str(home.path) not in "".join(caption.value for caption in page.caption)


def test_a_table_is_looked_at_again_when_it_has_changed(home, tmp_path, monkeypatch):
    """Its problems are mended in another program, and the page is loaded anew."""
    file = tmp_path / "comments.csv"
    file.write_text("comment,verdict,faith\n" + "".join(f"text {i},{'ab'[i % 2]},{'xy'[i % 2]}\n" for i in range(40)))
    given = {"kind": "table", "path": str(file), "text": "comment", "label": "verdict", "group": "faith"}
    assert cli_queries.look(given).n_rows == cli_queries.look(given).n_rows == 40
    file.write_text(file.read_text() + "text 40,a,x\n")
    assert cli_queries.look(given).n_rows == 41
