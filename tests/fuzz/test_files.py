"""Every file that fairprog reads back, damaged in many ways: a value or one sentence, never anything else.

What is read is also used as its first reader does, so that a value that passes is one that works.
"""

import contextlib
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from app.components.saliency.maps import gallery as saliency
from app.models import records
from app.presenters import sentences
from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier, save_classifier
from fairprog_core.cli.terminal.console import figures_table
from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.checkpoint import load_state
from fairprog_core.common.home import Home, assets
from fairprog_core.deploy.passport.card import model_card
from fairprog_core.metrics.report import report
from fairprog_core.results.gallery_file import Gallery, read_gallery
from fairprog_core.results.gallery_layout import CONTROLS
from fairprog_core.results.predictions_file import read_predictions, write_predictions
from fairprog_core.results.result import Result
from fairprog_core.results.summary import main_figures
from fairprog_core.runs import launcher, wakeup
from fairprog_core.runs.slot import Slot
from fairprog_core.runs.store import Store
from fairprog_core.study import Study
from fairprog_core.triggers import TRIGGERS
from fairprog_core.triggers.base import load_trigger
from fairprog_core.triggers.passport import Passport
from tests.contracts.samples import inputs_of, make_classifier, usual
from tests.contracts.test_methods import learned, looking, make, prepared
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import (
    join_safetensors,
    json_text,
    mutate_bytes,
    mutate_json,
    mutate_safetensors,
    split_safetensors,
    without_checksum,
)  # fmt: skip

DEMO = assets() / "demo"
Reader = Callable[[Path], object]


def one_of(files: list[Path]) -> Callable[[random.Random], bytes]:
    """Damages one of some safetensors files; most lack the checksum, which would find it before all other checks."""
    whole = [file.read_bytes() for file in files]
    contents = [*whole, *map(without_checksum, whole * 3)]
    return lambda rng: mutate_safetensors(rng.choice(contents), rng)


def reading(path: Path, read: Reader) -> Callable[[bytes], object]:
    """Writes an input to a file and reads that."""

    def write_and_read(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return write_and_read


def write_triggers(folder: Path) -> dict[str, list[Path]]:
    """Triggers of every kind, as their own classifier's inputs need them; by modality."""
    files: dict[str, list[Path]] = {"image": [], "text": []}
    for kind, entry in TRIGGERS.items():
        modality = entry.options.modality  # type: ignore[attr-defined]
        classifier = usual(modality)
        trigger = entry.load()(entry.options(), anchor_lams=(0.0, 1.0, 4.0), seed=1, **classifier.input_spec)
        files[modality].append(folder / f"{kind}.safetensors")
        trigger.attach_to(classifier).save(files[modality][-1], mode="amortised", steps=3, summary={"seconds": 1.0})
    return files


@pytest.mark.parametrize("modality", ["image", "text"])
def test_trigger_file(fuzz: Fuzz, tmp_path: Path, modality: Any) -> None:
    files = write_triggers(tmp_path)[modality]
    shipped = sorted((DEMO / ("faces" if modality == "image" else "comments")).glob("curves/*/trigger.safetensors"))
    classifier = freeze(usual(modality))
    x = inputs_of(classifier, 2)

    def use(path: Path) -> None:
        trigger = load_trigger(path)
        if trigger.input_spec == classifier.input_spec:
            with torch.no_grad():
                trigger.wrap(classifier, lam=2.0)(x)

    fuzz(f"trigger file, {modality}", one_of(files + shipped), reading(tmp_path / "t.safetensors", use), default=900,
         name_in_errors="t.safetensors")  # fmt: skip


def test_passport(fuzz: Fuzz, tmp_path: Path) -> None:
    files = []
    for name, trigger in (("faces", "border"), ("comments", "hard")):
        passport = Result.open(DEMO / name).passport(trigger, criterion="equalized_odds")
        files.append(passport.save(tmp_path / f"{trigger}.safetensors"))

    def use(path: Path) -> None:
        passport = Passport.open(path)
        assert repr(passport)
        assert str(model_card(passport))
        passport.trigger()

    fuzz("passport", one_of(files), reading(tmp_path / "p.safetensors", use), default=300,
         name_in_errors="p.safetensors")  # fmt: skip


UNTRIED = ("resnet18", "black_box")  # 45 MB, with the same reader; its file names a function, which would be imported


@pytest.mark.parametrize("kind", [kind for kind in CLASSIFIERS if kind not in UNTRIED])
def test_classifier_file(fuzz: Fuzz, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "first.safetensors"
    made = usual("text") if kind == "encoder" else make_classifier(kind)
    save_classifier(made, path, labels=["a", "b"], seed=0)

    def use(path: Path) -> None:
        classifier = freeze(read_classifier(path, CLASSIFIERS)[0])
        with torch.no_grad():
            classifier(inputs_of(classifier, 2))

    fuzz(f"classifier file, {kind}", one_of([path]), reading(tmp_path / "c.safetensors", use),
         default=150 if kind == "encoder" else 500, name_in_errors="c.safetensors")  # fmt: skip


def test_classifier_file_of_the_shipped_encoder(fuzz: Fuzz, tmp_path: Path) -> None:
    """Its file holds some of the weights; the others are the shipped encoder's."""
    fuzz("classifier file, shipped encoder", one_of([DEMO / "comments" / "base" / "classifier.safetensors"]),
         reading(tmp_path / "c.safetensors", lambda path: read_classifier(path, CLASSIFIERS)), default=20,
         name_in_errors="c.safetensors", share=0.1)  # fmt: skip


@pytest.mark.parametrize("kind", ["last_layer", "leace", "output_shift", "group_thresholds"])
def test_learned_file(fuzz: Fuzz, tmp_path: Path, kind: str) -> None:
    method = make(kind, "image", "demographic_parity", tmp_path)
    learned(method)

    def use(_path: Path) -> None:
        found = method.open()
        for lam in method.context.lam.grid:
            found.predict(method.context.split, lam)

    fuzz(f"learned file, {kind}", one_of([method.file]), reading(method.file, use), default=500)  # fmt: skip


def test_weights_of_a_rival(fuzz: Fuzz, tmp_path: Path) -> None:
    method = make("adv_post", "image", "demographic_parity", tmp_path)
    learned(method)
    file = sorted(method.file.iterdir())[0]

    def use(_path: Path) -> None:
        assert set(method.open().about) >= {"steps", "seconds", "n_parameters"}
        for _ in method.learn(looking(method.context.split)):
            pass

    fuzz("weights of a rival", one_of([file]), reading(file, use), default=300, name_in_errors=file.name)


def stopped(kind: str, folder: Path) -> Path:
    """The checkpoint of a training that was stopped on its way."""
    method = make(kind, "image", "demographic_parity", folder)
    training = method.learn(looking(method.context.split))
    for record in training:
        if record["kind"] == "train" and record["step"] == 3:
            break
    training.close()
    (found,) = method.context.folder.glob("checkpoint*.safetensors")
    return found


def test_checkpoint(fuzz: Fuzz, tmp_path: Path) -> None:
    file = stopped("reprogram", tmp_path)

    def read(path: Path) -> None:
        try:
            load_state(path)
        except ValueError as error:
            raise ArtifactError(str(error)) from error

    fuzz("checkpoint", one_of([file]), reading(tmp_path / "c.safetensors", read), default=900)


@pytest.mark.parametrize("kind", ["reprogram", "adv_post"])
def test_training_that_goes_on_from_a_checkpoint(fuzz: Fuzz, tmp_path: Path, kind: str) -> None:
    file = stopped(kind, tmp_path)

    def go_on(_path: Path) -> None:
        training = make(kind, "image", "demographic_parity", tmp_path).learn(looking(prepared("image")))
        next(training)  # a closed generator would write the checkpoint anew
        with contextlib.suppress(StopTraining):
            training.throw(StopTraining())

    fuzz(f"training from a checkpoint, {kind}", one_of([file]), reading(file, go_on), default=40,
         name_in_errors=file.name, share=0.1)  # fmt: skip


class StopTraining(Exception):
    pass


@pytest.mark.parametrize("demo", ["faces", "comments"])
def test_gallery(fuzz: Fuzz, tmp_path: Path, demo: str) -> None:
    files = sorted(DEMO.glob(f"{demo}/curves/*/gallery.safetensors"))[:2]

    def use(path: Path) -> None:
        gallery = read_gallery(path)
        show = show_pictures if "photo" in gallery.arrays else show_sentences
        show(gallery)

    fuzz(f"gallery, {demo}", one_of(files), reading(tmp_path / "g.safetensors", use), default=40,
         name_in_errors="g.safetensors", share=0.3)  # fmt: skip


def show_pictures(gallery: Gallery) -> None:
    """The cards of the page Saliency for the first picture."""
    for view in ("grad_cam", "integrated_gradients"):
        for control in ("untrained", "black"):
            choice = saliency.Choice(view, control)  # type: ignore[arg-type]
            if rows := saliency.matching(gallery, choice, len(gallery.arrays["lams"]) - 1):
                saliency.cards.__wrapped__("", gallery, (rows[0],), choice)  # type: ignore[attr-defined]


def show_sentences(gallery: Gallery) -> None:
    """What the page Saliency shows of the first sentence."""
    for i in range(min(gallery.n_rows, 1)):
        sentences.sentence(gallery, i)


def predictions_files(folder: Path) -> list[Path]:
    """Shipped ones, with groups that overlap or not, with and without logits."""
    shipped = [DEMO / "faces" / "base" / "predictions.parquet", DEMO / "comments" / "base" / "predictions.parquet"]
    stored = read_predictions(shipped[0])
    few = stored.predictions
    some = slice(0, 60)
    small = type(few)(
        None, few.y_pred[some], few.y[some], few.z[some], few.weight[some], few.row[some], few.is_stratified
    )
    write_predictions(folder / "small.parquet", small, groups=stored.groups, labels=stored.labels)
    return [*shipped, folder / "small.parquet"]


def mutate_parquet(path: Path, rng: random.Random) -> bytes:
    """Damage a parquet file: its bytes, or in valid parquet the description, the rows or the values of a column."""
    if rng.random() < 0.5:
        return mutate_bytes(path.read_bytes(), rng)
    table = pq.ParquetFile(path).read()
    about = json.loads(table.schema.metadata[b"fairprog"])
    name = rng.choice(table.column_names)
    at = table.column_names.index(name)
    match rng.randrange(6):
        case 0 | 1:
            about = mutate_json(about, rng)
        case 2:
            table = table.slice(rng.randrange(5), rng.choice((0, 1, 3, 50)))
        case 3:
            table = table.drop_columns([name])
        case 4:
            values = np.array(table.column(name).to_pylist(), dtype=object)
            is_whole = table.column(name).type == pa.int64()
            first, last = rng.randrange(len(values)), rng.choice((None, rng.randrange(len(values))))
            values[first:last] = rng.choice((-1, 99, 2**62, None) if is_whole else (None, np.nan, np.inf, -1.0, 1e300))
            table = table.set_column(at, name, pa.array(values, type=table.column(name).type))
        case _:
            kind = rng.choice((pa.string(), pa.float64(), pa.bool_()))
            table = table.set_column(at, name, pa.nulls(table.num_rows, kind))
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({b"fairprog": json_text(about).encode()}), sink)
    return bytes(sink.getvalue().to_pybytes())


def test_predictions(fuzz: Fuzz, tmp_path: Path) -> None:
    files = predictions_files(tmp_path)

    def use(path: Path) -> None:
        stored = read_predictions(path)
        report(stored.predictions, base=stored.predictions, groups=stored.groups, labels=stored.labels, method="base",
               draws=2)  # fmt: skip

    fuzz("predictions", lambda rng: mutate_parquet(rng.choice(files), rng), reading(tmp_path / "p.parquet", use),
         default=250)  # fmt: skip


COLUMNS = ("study", "figures", "study", "figures", "state", "created", "fraction", "label", "error", "heartbeat", "pid")


def mutate_row(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Columns of the run table with other values; JSON that is none, or of another shape."""
    changed = {}
    for name in rng.sample(COLUMNS, rng.choice((1, 1, 2))):
        if name in ("study", "figures"):
            text = json_text(mutate_json(json.loads(row[name]), rng))
            changed[name] = rng.choice((text, text, text[: rng.randrange(len(text) + 1)], "", "x", b"\xff\xfe"))
        else:
            changed[name] = rng.choice(("x", -1, 1e308, "", 2**62, b"\xff", "9" * 400, row[name]))
    return changed


def test_rows_of_the_run_table(fuzz: Fuzz, home: Home) -> None:
    figures = main_figures(Result.open(DEMO / "faces"))
    with Store(home) as store:
        run_id, other = store.submit(Study(name="one")), store.submit(Study(name="two"))
        store.append(run_id, [{"kind": "stage", "stage": "curve", "label": "a"}], figures=figures)
        store.append(run_id, [{"kind": "train", "step": 1}])
        with sqlite3.connect(home.database) as raw:
            raw.row_factory = sqlite3.Row
            row = dict(raw.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone())

        def read(changed: dict[str, Any]) -> None:
            set_columns(home, run_id, {**row, **changed})
            runs = store.list()
            assert {run.id for run in runs} == {run_id, other}
            for run in runs:
                records.without_controls(run.figures)
                figures_table(run.figures)
            store.find(run_id)
            store.records(run_id)
            store.reap()

        fuzz("rows of the run table", lambda rng: mutate_row(row, rng), read, default=600)


def set_columns(home: Home, run_id: str, values: dict[str, Any]) -> None:
    """Write columns past every check."""
    with sqlite3.connect(home.database) as raw:
        assignments = ", ".join(f"{name} = ?" for name in values)
        raw.execute(f"UPDATE runs SET {assignments} WHERE id = ?", (*values.values(), run_id))


def test_records_of_the_run_table(fuzz: Fuzz, home: Home) -> None:
    with Store(home) as store:
        run_id = store.submit(Study(name="one"))
        store.append(run_id, [{"kind": "stage", "stage": "curve", "label": "a"}, {"kind": "train", "step": 1}])

        def read(text: str | bytes) -> None:
            with sqlite3.connect(home.database) as raw:
                raw.execute("UPDATE records SET data = ? WHERE seq = 1", (text,))
            assert [record["seq"] for record in store.records(run_id)][-1] == 2

        def mutate(rng: random.Random) -> str | bytes:
            text = json_text(mutate_json({"kind": "stage", "stage": "curve", "label": "a", "fraction": 0.5}, rng))
            return rng.choice((text, text, text[: rng.randrange(len(text) + 1)], b"\xff"))

        fuzz("records of the run table", mutate, read, default=800)


def test_status_files_of_workers(fuzz: Fuzz, home: Home) -> None:
    slot = Slot(home, 0, "1.0")
    slot.write_status("idle")
    path = wakeup.folder(home) / "slot-0.json"
    text = path.read_text()

    def mutate(rng: random.Random) -> bytes:
        if rng.random() < 0.3:
            return mutate_bytes(text.encode(), rng)
        return json_text(mutate_json(json.loads(text), rng)).encode("utf-8", "surrogatepass")

    def read(_path: Path) -> None:
        for worker in launcher.workers(home):
            assert worker.state in ("starting", "idle", "busy")
            assert isinstance(worker.slot, int)
            assert isinstance(worker.since, int | float)
            assert isinstance(worker.version, str)
            assert worker.run is None or isinstance(worker.run, str)
        slot.clear_status()

    fuzz("status files of workers", mutate, reading(path, read), default=2000)


@pytest.mark.parametrize("control", CONTROLS)
def test_gallery_of_texts_without_the_words_of_a_control_is_damaged(tmp_path: Path, control: str) -> None:
    header, body = split_safetensors(next(DEMO.glob("comments/curves/*/gallery.safetensors")).read_bytes())
    about = json.loads(header["__metadata__"]["fairprog"])
    assert f"logits_{control}" in header
    del about["trigger_words"][control]
    header["__metadata__"]["fairprog"] = json.dumps(about)
    (tmp_path / "g.safetensors").write_bytes(join_safetensors(header, body))
    with pytest.raises(ArtifactError, match=f"the words of {control} are missing"):
        read_gallery(tmp_path / "g.safetensors")
