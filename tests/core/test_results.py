"""Artifact folders: what was written is read back; what is missing or damaged is said in one sentence."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import assets
from fairprog_core.common.types import Groups, Predictions
from fairprog_core.metrics.report import report
from fairprog_core.metrics.summaries import points_csv
from fairprog_core.results.curve import Curve
from fairprog_core.results.gallery_file import Gallery, read_gallery, write_gallery
from fairprog_core.results.predictions_file import read_predictions, write_predictions
from fairprog_core.results.result import SCHEMA, Result
from fairprog_core.results.run_folder import locate

TWO = Groups.exclusive("woman", "man")
LABELS = ("not blond", "blond")
GAP = "average_abs_odds_difference"


def predictions(seed, shift=1.0, n=400):
    random = np.random.default_rng(seed)
    y, z = np.arange(n) % 2, np.arange(n) // 2 % 2
    score = random.normal(size=n) + 2.0 * y - 1 - shift * (y & z)
    logits = np.column_stack([-score / 2, score / 2]).astype(np.float32)
    weight = np.array([[1.4, 0.6], [1.8, 0.2]])[z, y]
    return Predictions(logits, logits.argmax(axis=1), y, z, weight, np.arange(n), is_stratified=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study of one base, two seeds and two λ, with the paths of a home."""
    folder = tmp_path_factory.mktemp("home") / "runs" / "abc"
    base = predictions(0)
    write_predictions(folder / "base" / "predictions.parquet", base, groups=TWO, labels=LABELS)
    points, curves = [], []
    for seed in (0, 1):
        key = f"reprogram-border-equalized_odds-s{seed}"
        for lam in (4.0, 1.0):
            found = predictions(seed + 1, shift=1 - lam / 5)
            path = f"curves/{key}/lam-{lam:g}.parquet"
            write_predictions(folder / path, found, groups=TWO, labels=LABELS)
            same = {"trigger": "border", "criterion": "equalized_odds", "lam": lam, "seed": seed}
            artifacts = {"predictions": f"runs/abc/{path}", "trigger": f"runs/abc/curves/{key}/trigger.safetensors"}
            points.append(
                report(found, base=base, groups=TWO, labels=LABELS, method="reprogram", artifacts=artifacts, **same)
            )
        curves.append(
            Curve(
                key=key, method="reprogram", trigger="border", criterion="equalized_odds", seed=seed, gap=GAP,
                chosen_lam=4.0, lams=[1.0, 4.0], artifact_name=f"runs/abc/curves/{key}/trigger.safetensors",
            )
        )  # fmt: skip
    artifacts = {"predictions": "runs/abc/base/predictions.parquet"}
    base_point = report(base, groups=TWO, labels=LABELS, method="base", artifacts=artifacts)
    Result(
        folder=folder, study={"name": "toy"}, base=base_point, points=points, curves=curves, is_complete=True,
        labels=list(LABELS), group_names=list(TWO.names),
    ).save()  # fmt: skip
    return folder


def test_predictions_written_are_read_back(tmp_path):
    path, written = tmp_path / "deep" / "p.parquet", predictions(0)
    write_predictions(path, written, groups=TWO, labels=LABELS)
    found, groups, labels = read_predictions(path)
    for name in ("logits", "y_pred", "y", "z", "weight", "row"):
        one, other = getattr(written, name), getattr(found, name)
        assert one.dtype == other.dtype
        assert (one == other).all()
    assert found.is_stratified
    assert labels == LABELS
    assert groups.names == TWO.names
    assert (groups.patterns == TWO.patterns).all()


def test_predictions_file_has_the_agreed_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    write_predictions(tmp_path / "p.parquet", predictions(0), groups=TWO, labels=LABELS)
    frame = pd.read_parquet(tmp_path / "p.parquet")
    assert list(frame) == ["row", "y", "y_pred", "z", "weight", "logit_0", "logit_1"]


def test_predictions_of_overlapping_groups_have_a_column_each(tmp_path):
    groups = Groups(("a", "b"), np.array([[1, 0], [1, 1]], dtype=bool))
    write_predictions(tmp_path / "p.parquet", predictions(0), groups=groups, labels=LABELS)
    table = pytest.importorskip("pandas").read_parquet(tmp_path / "p.parquet")
    assert table["z_a"].all()
    assert (table["z_b"] == (table["z"] == 1)).all()
    assert (read_predictions(tmp_path / "p.parquet").groups.patterns == groups.patterns).all()


def test_predictions_without_logits_stay_without(tmp_path):
    found = predictions(0)
    without = Predictions(None, found.y_pred, found.y, found.z, found.weight, found.row)
    write_predictions(tmp_path / "p.parquet", without, groups=TWO, labels=LABELS)
    assert read_predictions(tmp_path / "p.parquet").predictions.logits is None


def test_predictions_missing_or_damaged_say_so(tmp_path):
    path = tmp_path / "p.parquet"
    with pytest.raises(ArtifactError, match="are missing; run the study again"):
        read_predictions(path)
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(ArtifactError, match="is damaged"):
        read_predictions(path)


def test_predictions_of_another_program_are_refused(tmp_path):
    pytest.importorskip("pandas").DataFrame({"y": [1]}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(ArtifactError, match="not written by fairprog"):
        read_predictions(tmp_path / "p.parquet")


def test_result_gives_points_curves_and_study(folder):
    result = Result.open(folder)
    assert result.study == {"name": "toy"}
    assert result.is_complete
    assert result.base.method == "base"
    assert len(result.points) == 4
    assert [point.lam for point in result.select(seed=1)] == [4.0, 1.0]
    assert [point.lam for point in result.points_of(result.curves[0])] == [1.0, 4.0]
    chosen = [result.chosen_point(curve) for curve in result.curves]
    assert [(point.lam, point.seed) for point in chosen] == [(4.0, 0), (4.0, 1)]
    assert result.curves[0].chosen_lam == 4.0


def test_result_chosen_means_average_the_seeds(folder):
    result = Result.open(folder)
    (mean,) = result.chosen_means()
    assert mean.seeds == (0, 1)
    chosen = [result.chosen_point(curve).metric("accuracy").value for curve in result.curves]
    assert mean.metric("accuracy").value == pytest.approx(np.mean(chosen))


def test_result_moved_elsewhere_finds_its_files(folder, tmp_path):
    moved = tmp_path / "demo"
    shutil.copytree(folder, moved)
    result = Result.open(moved)
    key = result.curves[0].key
    assert result.curves[0].artifact == moved / "curves" / key / "trigger.safetensors"
    found = result.predictions(result.select(seed=0, lam=4.0)[0])
    assert (found.y_pred == predictions(1, shift=0.2).y_pred).all()


def test_result_group_table_and_changes_come_from_the_predictions(folder):
    result = Result.open(folder)
    point = result.select(seed=0, lam=4.0)[0]
    assert [row["n"] for row in result.group_table(point)] == [200, 200]
    rows = result.changes(point)
    net = sum(row["gained"]["rows"] - row["lost"]["rows"] for row in rows)
    right = [np.trace(np.sum(p.counts, axis=0)) for p in (point, result.base)]
    assert net == right[0] - right[1]
    assert result.groups().names == TWO.names


@pytest.mark.parametrize("artifact", ["../secret", "runs/abc/../../x", "/etc/passwd", "runs/abc/..", "a\\..\\b", ""])
def test_locate_path_out_of_the_folder_is_refused(artifact):
    with pytest.raises(ArtifactError, match="outside of its folder"):
        locate(Path("demo"), artifact)


def test_name_that_no_file_can_have_is_refused():
    with pytest.raises(ArtifactError, match=r"which cannot be: a name in it has 600 bytes"):
        locate(Path("demo"), f"curves/{'x' * 600}/gallery.safetensors")


def test_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "secret").write_text("not for everybody")
    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / "trigger").symlink_to(tmp_path / "secret")
    with pytest.raises(ArtifactError, match="outside of its folder"):
        locate(demo, "trigger")


def test_save_replaces_whole_and_turns_unknown_into_null(folder, tmp_path):
    result = replace(Result.open(folder), folder=tmp_path)
    for lam in (np.float64(1.0), np.float64("nan")):
        extra = {"lam": lam, "ci": (np.float32(0.5), float("inf")), "grid": np.arange(2)}
        replace(result, environment={"extra": extra}).save()
    written = json.loads((tmp_path / "result.json").read_text())
    assert written["schema"] == SCHEMA
    assert written["environment"]["extra"] == {"lam": None, "ci": [0.5, None], "grid": [0, 1]}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_result_is_written_as_it_was_read(folder):
    values = json.loads((folder / "result.json").read_text())
    assert json.loads(json.dumps(Result.open(folder).to_json())) == values


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "result.json is missing"),
        ("{", "is damaged"),
        ("[]", "no table of keys and values"),
        ('{"schema": "fairprog.study/9"}', r"is of version 'fairprog.study/9', this fairprog reads 'fairprog.study/1'"),
        ('{"schema": "fairprog.study/1", "study": {}}', "a point is|method"),
        (b"\xff\xfe", "is damaged"),
    ],
)
def test_result_missing_damaged_or_foreign_says_so(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "result.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ArtifactError, match=sentence):
        Result.open(tmp_path)


def a_gallery() -> Gallery:
    """One that a study wrote."""
    return read_gallery(sorted((assets() / "demo").glob("faces/curves/*/gallery.safetensors"))[0])


def test_gallery_written_is_read_back(folder, tmp_path):
    path, written = tmp_path / "gallery.safetensors", a_gallery()
    write_gallery(path, written)
    found = read_gallery(path)
    assert found.arrays.keys() == written.arrays.keys()
    assert all((found.arrays[name] == array).all() for name, array in written.arrays.items())
    assert found.about == written.about
    result = Result.open(folder)
    assert result.gallery(result.curves[0]) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"row": np.arange(3)}, "is of shape"),
        ({"lams": np.arange(3.0)}, "is of shape"),
        ({"y": np.full(8, 2)}, "y holds codes outside 0 … 1"),
        ({"photo_box": np.array([0, 0, 65, 64])}, "the photo's box does not lie in the picture"),
        ({"photo": np.zeros((8, 64, 64, 3), np.float32)}, "photo is of type float32"),
        ({"logits": None}, "logits is missing"),
        ({"cam_black": None}, "cam_black is missing"),
        ({"logits_black": np.full((8, 2), np.nan, np.float32)}, "logits_black is not finite"),
    ],
)
def test_gallery_whose_arrays_do_not_fit_is_refused(tmp_path, change, reason):
    gallery, path = a_gallery(), tmp_path / "gallery.safetensors"
    arrays = {name: array for name, array in (gallery.arrays | change).items() if array is not None}
    write_gallery(path, gallery._replace(arrays=arrays))
    with pytest.raises(ArtifactError, match=reason):
        read_gallery(path)


@pytest.mark.parametrize("about", [{}, {"labels": 5}, {"labels": ["a"]}, {"groups": None}, {"rivals": {"adv_in": 1.0}}])
def test_gallery_with_another_description_is_refused(tmp_path, about):
    gallery, path = a_gallery(), tmp_path / "gallery.safetensors"
    write_gallery(path, gallery._replace(about=gallery.about | about if about else {}))
    with pytest.raises(ArtifactError, match=r"gallery.safetensors is damaged.*run the study again"):
        read_gallery(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"y": np.full(400, 2)}, "y holds numbers outside 0 … 1"),
        ({"z": np.full(400, -1)}, "z holds numbers outside 0 … 1"),
        ({"y_pred": np.full(400, 7)}, "y_pred holds numbers outside"),
        ({"weight": np.full(400, np.nan)}, "weight holds other values than finite numbers"),
        ({"weight": np.full(400, -1.0)}, "some weights are negative"),
        ({"logits": np.full((400, 2), np.inf, np.float32)}, "logit_0 holds other values than finite numbers"),
        (dict.fromkeys(("y", "z", "y_pred", "row"), np.arange(0)) | {"weight": np.ones(0), "logits": None}, "no rows"),
    ],
)
def test_predictions_outside_their_ranges_are_refused(tmp_path, change, reason):
    path = tmp_path / "p.parquet"
    write_predictions(path, replace(predictions(0), **change), groups=TWO, labels=LABELS)
    with pytest.raises(ArtifactError, match=reason):
        read_predictions(path)


def test_gallery_damaged_says_so(tmp_path):
    path = tmp_path / "gallery.safetensors"
    with pytest.raises(ArtifactError, match="is missing"):
        read_gallery(path)
    path.write_bytes(b"12345678901234567890")
    with pytest.raises(ArtifactError, match="is damaged"):
        read_gallery(path)


def test_gallery_of_texts_is_not_shown_for_a_study_on_pictures(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(assets() / "demo" / "comments", folder)
    changed = json.loads((folder / "result.json").read_text("utf-8"))
    changed["study"]["dataset"] = {"kind": "of-a-plug-in"}
    (folder / "result.json").write_text(json.dumps(changed), "utf-8")
    result = Result.open(folder)
    with pytest.raises(ArtifactError, match="is of the modality text"):
        result.gallery(result.curves[0])


def test_predictions_of_fewer_rows_than_the_point_are_refused(finished, tmp_path):
    import pyarrow.parquet as pq

    folder = tmp_path / "run"
    shutil.copytree(finished.folder, folder)
    file = folder / "base" / "predictions.parquet"
    pq.write_table(pq.ParquetFile(file).read().slice(0, 7), file)
    result = Result.open(folder)
    with pytest.raises(ArtifactError, match="holds 7 rows, but the point was computed from 96"):
        result.predictions(result.base)


def test_points_without_counts_are_in_the_table(finished):
    point = replace(finished.result.base, counts=[])
    assert "count_" not in points_csv([point])
    assert points_csv([point]).startswith("method,")
