"""What a visitor takes along from a page of a run, and the field on Runs that takes a run of another machine in."""

import io
import zipfile

import pytest

from app.components.runs import take_home
from app.wording import runs as words
from app.wording.shared import inside
from fairprog_core.common.sharing import Sharing
from fairprog_core.runs import Store
from fairprog_core.runs.exchange.export import export_run

FIELD = "runs.take_in.0"


@pytest.fixture
def exported(finished, tmp_path):
    """The zip of a run of another home."""
    with Store(finished.home) as store:
        export_run(store, store.get(finished.run_id), tmp_path / "run.zip")
    return (tmp_path / "run.zip").read_bytes()


def labels(page):
    return [button.label for button in page.get("download_button")]


def test_exported_run_is_added_and_its_pages_open(open_page, finished, exported, store):
    page = open_page("runs")
    page.file_uploader(key=FIELD).upload("run.zip", exported, "application/zip").run(timeout=60)
    assert not page.exception
    assert page.success[0].value == words.TAKEN_IN.format(run_id=finished.run_id)
    assert [run.id for run in store.list()] == [finished.run_id]
    tradeoff = open_page("tradeoff", run=finished.run_id)
    assert not tradeoff.exception
    assert inside.WHOLE_RUN in labels(tradeoff)
    again = open_page("runs")
    again.file_uploader(key=FIELD).upload("run.zip", exported, "application/zip").run(timeout=60)
    assert any("has the run" in error.value for error in again.error)


def test_other_zip_is_one_sentence(open_page, store):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("photo.txt", "no run")
    page = open_page("runs")
    page.file_uploader(key=FIELD).upload("photos.zip", content.getvalue(), "application/zip").run(timeout=60)
    assert not page.exception
    assert "holds no exported run" in page.error[0].value
    assert store.list() == []


def test_zip_of_a_page_is_the_exported_run(finished, monkeypatch):
    with Store(finished.home) as store:
        monkeypatch.setattr(take_home.run_store, "store", lambda: store)
        names = zipfile.ZipFile(io.BytesIO(take_home._zip(finished.run_id))).namelist()
    assert f"{finished.run_id}/result.json" in names


def test_visitors_of_a_shared_server_fill_no_disk(open_page, monkeypatch):
    for key, value in Sharing(is_shared=True).to_environment().items():
        monkeypatch.setenv(key, value)
    assert not open_page("runs").get("file_uploader")


@pytest.mark.parametrize("is_shared", [False, True])
def test_shipped_study_and_shared_server_hand_out_no_zip(open_page, demo, is_shared, monkeypatch):
    for key, value in Sharing(is_shared=is_shared).to_environment().items():
        monkeypatch.setenv(key, value)
    page = open_page("probe")
    assert not page.exception
    assert inside.REPORT in labels(page)
    assert inside.WHOLE_RUN not in labels(page)
