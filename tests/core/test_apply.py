"""``fairprog apply``: the run's own predictions again for its rows, whatever the form of the input; and resumed."""

import csv
import json
import shutil
import signal
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import fairprog_core as fp
from fairprog_core.cli import main
from fairprog_core.common.errors import ConfigError
from fairprog_core.common.home import assets
from fairprog_core.deploy.apply import rows as apply_rows
from fairprog_core.deploy.apply.apply import apply_trigger
from fairprog_core.deploy.apply.rows import InputRows
from fairprog_core.results.run_folder import base_file

FACES, COMMENTS = (fp.Result.open(assets() / "demo" / name) for name in ("faces", "comments"))
N = 40


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(apply_rows, "BLOCK", 16)


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """Passports, classifiers and a folder of pictures with a table, as a stranger gets them."""
    folder = tmp_path_factory.mktemp("things")
    FACES.passport("border", criterion="equalized_odds").save(folder / "border.safetensors")
    COMMENTS.passport("soft").save(folder / "soft.safetensors")
    (folder / "faces").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "faces" / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "group"])
        for i in range(N):
            pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "faces" / f"{i:02d}.png")
            table.writerow([f"{i:02d}.png", ["not blond", "blond"][i % 2], ["female", "male"][i // 2 % 2]])
    texts = [f"this is text number {i} and {'you are a fool' if i % 3 else 'thank you'}" for i in range(N)]
    pq.write_table(
        pa.table({"id": range(N), "text": texts, "tags": [["a"]] * N, "group": ["muslim", "other"] * (N // 2)}),
        folder / "texts.parquet",
    )
    return folder


def fairprog(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(each) for each in arguments])
    return ended.value.code


def apply(things, name, source, output, *more):
    base = base_file(FACES.folder if name == "border" else COMMENTS.folder)
    return fairprog(
        "apply", things / f"{name}.safetensors", "--model", base, "--input", source, "--output", output,
        "--device", "cpu", *more,
    )  # fmt: skip


def test_pictures_get_the_probabilities_that_the_modules_give(things, tmp_path, capsys):
    output = tmp_path / "out.parquet"
    assert apply(things, "border", things / "faces", output) == 0
    table = pq.read_table(output)
    assert table.column_names == ["row", "file", "label", "group", "prediction", "p_not blond", "p_blond", "problem"]
    model = FACES.trigger("border", criterion="equalized_odds").wrap(base := FACES.base_classifier())
    x = np.stack([np.asarray(Image.open(things / "faces" / name)) for name in table["file"].to_pylist()])
    expected = model(base.to_input(x)).softmax(-1).detach().numpy()
    found = np.stack([table[f"p_{label}"].to_numpy() for label in FACES.labels], axis=1)
    assert np.abs(found - expected).max() < 1e-6
    assert table["prediction"].to_pylist() == [FACES.labels[i] for i in expected.argmax(1)]
    assert not (tmp_path / "out.parquet.parts").exists()
    assert "λ = 2" in capsys.readouterr().out


def test_folder_and_zip_and_columns_of_pictures_give_the_same(things, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(things / "faces", bare, ignore=shutil.ignore_patterns("*.csv"))
    shutil.make_archive(str(tmp_path / "pictures"), "zip", bare)
    files = sorted(bare.iterdir())
    cells = pa.array([{"bytes": file.read_bytes(), "path": file.name} for file in files])
    pq.write_table(pa.table({"image": cells}), tmp_path / "cells.parquet")
    shares = []
    for source in (things / "faces", bare, tmp_path / "pictures.zip", tmp_path / "cells.parquet"):
        assert apply(things, "border", source, tmp_path / "out.parquet") == 0
        shares.append(pq.read_table(tmp_path / "out.parquet")["p_blond"].to_numpy())
    assert all(np.array_equal(each, shares[0]) for each in shares)


def test_texts_are_found_and_columns_copied(things, tmp_path):
    assert apply(things, "soft", things / "texts.parquet", tmp_path / "out.parquet", "--lam", "0.5") == 0
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["row", "id", "group", "prediction", "p_not toxic", "p_toxic", "problem"]
    assert (
        apply(things, "soft", things / "texts.parquet", tmp_path / "t.parquet", "--keep", "text", "--keep", "id") == 0
    )
    assert pq.read_table(tmp_path / "t.parquet").column_names[:3] == ["row", "text", "id"]
    model = COMMENTS.trigger("soft", lam=0.5).wrap(COMMENTS.base_classifier())
    texts = pq.read_table(things / "texts.parquet")["text"].to_pylist()
    expected = model(texts).softmax(-1).detach().numpy()[:, 1]
    assert np.abs(table["p_toxic"].to_numpy() - expected).max() < 1e-5


@pytest.mark.parametrize("name", ["border", "soft"])
def test_interrupted_work_goes_on_and_ends_in_the_same_bytes(things, tmp_path, name):
    source = things / ("faces" if name == "border" else "texts.parquet")
    result = FACES if name == "border" else COMMENTS

    def work(output):
        trigger = fp.load_trigger(things / f"{name}.safetensors")
        rows = InputRows.open(str(source), trigger.options.modality, scratch=tmp_path)
        return apply_trigger(trigger, result.base_classifier(), rows, output, labels=result.labels)

    whole = list(work(tmp_path / "whole.parquet"))
    assert [(each.n_rows, each.is_kept) for each in whole] == [(16, False), (32, False), (40, False)]
    assert [round(each.share, 2) for each in whole] == [0.4, 0.8, 1.0]
    begun = work(tmp_path / "again.parquet")
    next(begun)
    with pytest.raises(ConfigError, match="Another process is writing"):
        next(work(tmp_path / "again.parquet"))
    begun.close()
    assert len(list((tmp_path / "again.parquet.parts").glob("*.parquet"))) == 1
    assert not (tmp_path / "again.parquet").exists()
    (tmp_path / "again.parquet.parts" / "000001.parquet").write_bytes(b"cut off by a power cut")
    assert [each.is_kept for each in work(tmp_path / "again.parquet")] == [True, False, False]
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


class Interrupted(torch.nn.Module):
    """A net during whose second part Ctrl-C is pressed, once."""

    n_left = 1

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 2)

    def forward(self, x):
        if len(x) == 16:
            Interrupted.n_left -= 1
            if Interrupted.n_left == -1:
                signal.raise_signal(signal.SIGINT)
        return self.linear(x.mean((2, 3)))


def interrupted():
    """A factory."""
    torch.manual_seed(0)
    return Interrupted()


@pytest.fixture
def _takes_ctrl_c():
    """Ctrl-C works as in a terminal, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_takes_ctrl_c")
def test_ctrl_c_keeps_what_is_done(things, tmp_path, capsys):
    line = (
        "apply", things / "border.safetensors", "--model", f"factory:{__name__}:interrupted", "--any-model", "--device",
        "cpu", "--input", things / "faces", "--output", tmp_path / "out.parquet",
    )  # fmt: skip
    assert fairprog(*line) == 130
    assert "The same command goes on" in capsys.readouterr().err
    assert [file.name for file in sorted((tmp_path / "out.parquet.parts").glob("*.parquet"))] == ["000000.parquet"]
    assert fairprog(*line) == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == N


def test_parts_of_another_lam_are_not_continued(things, tmp_path, capsys):
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "about.json").write_text('{"schema": "fairprog.applied/1"}')
    (parts / "000000.parquet").write_text("of something else")
    assert apply(things, "soft", things / "texts.parquet", tmp_path / "out.parquet") == 0
    assert "of other settings" in capsys.readouterr().err
    (tmp_path / "mine.parquet.parts").mkdir()
    assert apply(things, "soft", things / "texts.parquet", tmp_path / "mine.parquet") == 2
    assert "is in the way" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["folder", "zip", "table", "table with a zip"])
def test_stamp_is_another_one_when_pictures_or_packed_tables_are_replaced(tmp_path, form):
    """So predictions of the old input and of the new one do not end in one file."""

    def stamp(shade):
        folder = tmp_path / "in"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for i in range(3):
            Image.new("RGB", (8, 8), (shade if i == 1 else 0, 0, 0)).save(folder / f"{i}.bmp")
        pictures = folder
        if "zip" in form:
            pictures = shutil.make_archive(str(tmp_path / "pictures"), "zip", folder)
        source, root = (tmp_path / "table.csv", str(pictures)) if "table" in form else (pictures, "")
        return InputRows.open(str(source), "image", scratch=tmp_path, column="file", root=root).stamp()

    (tmp_path / "table.csv").write_text("file,label\n0.bmp,a\n1.bmp,b\n2.bmp,a\n")
    assert stamp(1) != stamp(2)


def test_stamp_is_another_one_when_the_table_in_a_zip_is_replaced(tmp_path):
    def stamp(text):
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as file:
            file.writestr("t.csv", f"text,id\n{text},1\n")
        return InputRows.open(str(tmp_path / "t.zip"), "text", scratch=tmp_path).stamp()

    assert stamp("old") != stamp("new")


def test_names_of_the_output_keep_every_column(things, tmp_path):
    """Rows of an earlier output, whose picture column is called as one of ours."""
    cells = {
        "row": ["00.png", "01.png"],
        "prediction": ["a", "b"],
        "input_prediction": ["c", "d"],
        "p_blond": ["e", "f"],
    }
    pq.write_table(pa.table(cells), tmp_path / "t.parquet")
    more = ("--column", "row", "--root", things / "faces")
    assert apply(things, "border", tmp_path / "t.parquet", tmp_path / "out.parquet", *more) == 0
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == [
        "row", "input_row", "input_input_prediction", "input_prediction", "input_p_blond", "prediction", "p_not blond",
        "p_blond", "problem",
    ]  # fmt: skip
    assert found["row"].to_pylist() == [1, 2]
    assert found["input_row"].to_pylist() == ["00.png", "01.png"]
    assert found["input_input_prediction"].to_pylist() == ["a", "b"]
    assert found["input_prediction"].to_pylist() == ["c", "d"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("000000.parquet", '{"title": "about my data"}'), ("mine.parquet", '{"schema": "fairprog.applied/1"}')],
)
def test_folder_of_the_user_where_parts_belong_is_left_alone(things, tmp_path, capsys, name, text):
    parts = tmp_path / "out.parquet.parts"
    parts.mkdir()
    (parts / "about.json").write_text(text)
    (parts / name).write_text("mine")
    assert apply(things, "soft", things / "texts.parquet", tmp_path / "out.parquet") == 2
    assert "is in the way" in capsys.readouterr().err
    assert {each.name: each.read_text() for each in parts.iterdir()} == {"about.json": text, name: "mine"}


def test_bad_rows_have_no_prediction_and_are_counted(things, tmp_path, capsys):
    table = tmp_path / "t.csv"
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (30, 50), "white").save(tmp_path / "fine.png")
    table.write_text("image,label\nfine.png,blond\nbroken.png,blond\nmissing.png,blond\n,blond\n../out.png,blond\n")
    assert apply(things, "border", table, tmp_path / "out.parquet") == 0
    found = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["prediction"] is None for row in found] == [False, True, True, True, True]
    assert [row["p_blond"] is None for row in found] == [False, True, True, True, True]
    assert "4 of 5 rows have no prediction: row 3: broken.png is broken" in capsys.readouterr().err
    assert apply(things, "border", table, tmp_path / "good.parquet", "--without-bad") == 0
    assert pq.read_table(tmp_path / "good.parquet").num_rows == 1
    assert "left out" in capsys.readouterr().err


def test_audit_reads_the_predictions(things, tmp_path, capsys):
    assert apply(things, "border", things / "faces", tmp_path / "out.parquet") == 0
    output = tmp_path / "out.parquet"
    assert fairprog("audit", output, "--label", "label", "--prediction", "prediction", "--group", "group") == 0
    assert "Audit of 40 rows" in capsys.readouterr().out


def test_run_brings_its_own_classifier(things, tmp_path):
    for name, more in (("out", ["--model", base_file(COMMENTS.folder)]), ("own", [])):
        output = tmp_path / f"{name}.parquet"
        curve = ["--curve", "reprogram-hard-equalized_odds-s0"]
        source = things / "texts.parquet"
        assert fairprog("apply", "demo-comments", *more, *curve, "--input", source, "--output", output) == 0
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "own.parquet").read_bytes()
    assert json.loads(pq.read_schema(output).metadata[b"fairprog"])["schema"] == "fairprog.applied/1"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["border.safetensors", "--input", "faces"], "--model is missing"),
        (["none.safetensors", "--input", "faces", "--model", "demo"], "No trigger at"),
        (["border.safetensors", "--input", "texts.parquet", "--model", "demo"], "no column seems to hold"),
        (["border.safetensors", "--input", "faces", "--model", "demo-comments"], "other weights"),
        (["border.safetensors", "--input", "faces", "--model", "demo", "--lam", "99"], "from 0 to 30"),
        (["border.safetensors", "--input", "faces", "--model", "demo", "--column", "fil"], "did you mean file"),
        (["border.safetensors", "--input", "none", "--model", "demo"], "does not exist"),
        (["demo", "--input", "faces", "--curve", "odd"], "There is no trigger"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(things, tmp_path, monkeypatch, capsys, arguments, sentence):
    monkeypatch.chdir(things)
    assert fairprog("apply", *arguments, "--output", tmp_path / "o.parquet") == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "o.parquet").exists()


def test_file_of_the_user_is_not_replaced(things, tmp_path, capsys):
    (tmp_path / "mine.parquet").write_text("mine")
    assert apply(things, "soft", things / "texts.parquet", tmp_path / "mine.parquet") == 2
    assert "is not a file of predictions" in capsys.readouterr().err
    assert (tmp_path / "mine.parquet").read_text() == "mine"
