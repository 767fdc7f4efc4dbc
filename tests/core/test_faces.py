"""Faces: every draw belongs to its row, dials mean what they say, masks and twins are exact."""

import shutil
import subprocess
import sys
import time
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, FacesOptions
from fairprog_core.data.card import data_card
from fairprog_core.data.faces import dataset as faces_module
from fairprog_core.data.faces.canvas import Box, Canvas, _grain
from fairprog_core.data.faces.dataset import Faces
from fairprog_core.data.faces.painter import Painted, paint
from fairprog_core.data.faces.traits import Face, uniforms
from fairprog_core.data.random_streams import stream_key

SMALL: dict[str, Any] = {"image_size": 32, "n_train": 96, "n_tune": 64, "n_val": 16, "n_test": 32}
Z_CAUSES = {  # what differs between twins
    "z", "glasses", "wavy", "cloth", "length", "beard", "moustache", "jaw", "lip", "lipstick", "brow", "lash",
    "earring", "tie", "bangs", "necklace", "v_neck",
}  # fmt: skip


def made(home: Home, **options: Any) -> Faces:
    dataset: Faces = build(DATASETS, FacesOptions(**{**SMALL, **options}), home)
    return dataset


def drawn(dataset: Faces, row: int, z: int, y: int, stream: str = "train", *, masks: bool = False) -> Painted:
    """One row of a stream with z and y set directly, drawn alone."""
    return next(dataset._paint(stream, row, np.array([z]), np.array([y]), masks=masks))


def traits(dataset: Faces, z: NDArray[np.int64], y: NDArray[np.int64]) -> list[Face]:
    return dataset._faces("train", 0, z, y)


# --- rows -------------------------------------------------------------------------------


def test_row_drawn_alone_is_bit_identical_to_row_in_its_split(home: Home) -> None:
    dataset = made(home, image_size=64)
    split = dataset.split("train")
    for row in (0, 1, 63, 64, 95):
        alone = drawn(dataset, row, int(split.z[row]), int(split.y[row])).picture
        np.testing.assert_array_equal(alone, split.x[row])


def test_row_does_not_depend_on_how_many_are_drawn(home: Home) -> None:
    few, many = made(home, n_train=64).split("train"), made(home, n_train=200).split("train")
    np.testing.assert_array_equal(many.x[:64], few.x)
    np.testing.assert_array_equal(many.y[:64], few.y)


def test_uniforms_of_any_range_equal_those_drawn_in_bulk() -> None:
    key = stream_key("faces", 3, "tune")
    bulk, part = uniforms(key, 0, 50), uniforms(key, 17, 31)
    for name in bulk:
        np.testing.assert_array_equal(part[name], bulk[name][17:31])


def test_splits_and_seeds_share_no_row(home: Home) -> None:
    first, other = made(home), made(home, seed=1)
    rows = np.concatenate(
        [dataset.split(name).x for dataset in (first, other) for name in ("train", "tune", "val", "test")]
    )  # type: ignore[arg-type]
    assert len(np.unique(rows.reshape(len(rows), -1), axis=0)) == len(rows) == 2 * (96 + 64 + 16 + 32)


def test_same_options_give_same_rows_in_another_home(home: Home, tmp_path: Any) -> None:
    other = Home(tmp_path / "other")
    for name in ("train", "test"):
        np.testing.assert_array_equal(made(home).split(name).x, made(other).split(name).x)  # type: ignore[arg-type]


# --- dials ------------------------------------------------------------------------------


def test_cell_share_follows_dials(home: Home) -> None:
    """P(male) .45, P(blond | f) .4, P(blond | m) .06: .55·.6, .55·.4, .45·.94, .45·.06."""
    expected = [[0.33, 0.22], [0.423, 0.027]]
    for name in ("train", "tune", "val", "test"):
        np.testing.assert_allclose(made(home).split(name).cell_share, expected, atol=1e-12)  # type: ignore[arg-type]


def test_natural_rows_follow_cell_share(home: Home) -> None:
    """20,000 rows; the standard error of a cell's share is at most .0036."""
    z, y = made(home)._codes("train", 0, 20_000)
    share = np.array([[np.mean((z == g) & (y == c)) for c in (0, 1)] for g in (0, 1)])
    np.testing.assert_allclose(share, [[0.33, 0.22], [0.423, 0.027]], atol=0.012)


@pytest.mark.parametrize("name", ["val", "test"])
def test_stratified_split_is_even_and_weighs_back(home: Home, name: Any) -> None:
    split = made(home).split(name)
    cells = 2 * split.z + split.y
    assert split.is_stratified
    assert np.bincount(cells).tolist() == [len(cells) // 4] * 4
    assert split.weight.mean() == pytest.approx(1)
    np.testing.assert_allclose(
        np.bincount(cells, split.weight) / len(cells), [0.33, 0.22, 0.423, 0.027], atol=1e-12
    )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "share"),
    [
        ("smiling", [[0.55 * 0.52, 0.55 * 0.48], [0.45 * 0.52, 0.45 * 0.48]]),
        ("glasses", [[0.55 * 0.90, 0.55 * 0.10], [0.45 * 0.86, 0.45 * 0.14]]),
        ("wavy", [[0.55 * 0.55, 0.55 * 0.45], [0.45 * 0.86, 0.45 * 0.14]]),
    ],
)
def test_other_target_labels_its_trait(home: Home, target: Any, share: list[list[float]]) -> None:
    dataset = made(home, target=target)
    split = dataset.split("test")
    assert dataset.labels[1].startswith(target)
    np.testing.assert_allclose(split.cell_share, share)
    assert [getattr(face, target) for face in dataset._faces("test", 0, split.z, split.y)] == split.y.tolist()


def test_several_attributes_make_one_class_of_each_combination(home: Home) -> None:
    """P(blond, smiling | z) = P(blond | z) · .48: among female .55 · .4 · .48, among male .45 · .06 · .48."""
    dataset = made(home, target="blond, smiling")
    assert dataset.labels == ("not blond, not smiling", "not blond, smiling", "blond, not smiling", "blond, smiling")
    split = dataset.split("test")
    assert np.bincount(4 * split.z + split.y).tolist() == [4] * 8
    np.testing.assert_allclose(split.cell_share[:, 3], [0.55 * 0.4 * 0.48, 0.45 * 0.06 * 0.48])
    np.testing.assert_allclose(split.cell_share.sum(), 1)
    faces = dataset._faces("test", 0, split.z, split.y)
    assert [2 * face.blond + face.smiling for face in faces] == split.y.tolist()
    assert dataset.twins(5).y.max() < 4
    assert dataset.regions("test")["hair"].any(axis=(1, 2)).all()


def test_sixteen_classes_are_even_and_natural_rows_follow_their_share(home: Home) -> None:
    """20,000 rows; the standard error of a cell's share is at most .0026."""
    dataset = made(home, target="blond,smiling,glasses,wavy", n_val=32)
    assert len(dataset.labels) == 16
    split = dataset.split("val")
    assert np.bincount(16 * split.z + split.y).tolist() == [1] * 32
    z, y = dataset._codes("train", 0, 20_000)
    share = np.bincount(16 * z + y, minlength=32).reshape(2, 16) / len(y)
    np.testing.assert_allclose(share, dataset.cell_share, atol=0.01)


def test_one_attribute_is_drawn_and_kept_as_before_there_could_be_several(home: Home) -> None:
    """The shipped bases and studies are found by these keys."""
    options = FacesOptions()
    assert options.to_json()["target"] == "blond"
    assert FacesOptions.parse(options.to_json()) == options
    assert Faces(options, home).split_digest("train") == "42545bd52787c87d"
    assert FacesOptions(target=("blond", "wavy")).to_json()["target"] == "blond, wavy"


def test_hair_tones_of_blond_and_not_blond_overlap_and_separability_moves_them(home: Home) -> None:
    z, y = np.zeros(4000, np.int64), np.arange(4000) % 2

    def brightness(separability: float) -> tuple[NDArray[Any], NDArray[Any]]:
        hair = np.array([sum(face.hair) for face in traits(made(home, separability=separability), z, y)])
        return hair[y == 0], hair[y == 1]

    dark, blond = brightness(0.85)
    assert blond.mean() > dark.mean() + 0.5
    assert np.quantile(dark, 0.98) > np.quantile(blond, 0.1)  # a continuum, no gap
    dark, blond = brightness(0.0)
    assert abs(blond.mean() - dark.mean()) < 0.1


def test_z_shows_in_its_traits_and_in_no_other(home: Home) -> None:
    """What the drawing style does not cause is drawn from the same uniforms, so it is equal row by row."""
    y = np.arange(400) % 2
    first, second = (traits(made(home), np.full(400, z), y) for z in (0, 1))
    different = {
        name for name in Face._fields if [getattr(f, name) for f in first] != [getattr(f, name) for f in second]
    }
    assert different == Z_CAUSES


# --- twins ------------------------------------------------------------------------------


def test_twins_share_label_light_and_background(home: Home) -> None:
    """The upper corners show background alone; light, grain and background belong to the row."""
    twins = made(home, image_size=64).twins(12)
    assert twins.names == ("female", "male")
    assert twins.first.shape == twins.second.shape == (12, 64, 64, 3)
    np.testing.assert_array_equal(twins.first[:, :6, :6], twins.second[:, :6, :6])
    np.testing.assert_array_equal(twins.first[:, :6, -6:], twins.second[:, :6, -6:])
    assert (twins.first != twins.second).any(axis=(1, 2, 3)).all()
    assert set(twins.y.tolist()) <= {0, 1}


def test_twins_are_fresh_rows_and_a_prefix_of_more_twins(home: Home) -> None:
    dataset = made(home)
    few, many = dataset.twins(3), dataset.twins(8)
    np.testing.assert_array_equal(few.second, many.second[:3])
    train = dataset.split("train").x
    assert not any((row == few.first[0]).all() for row in train)
    assert dataset.twins(0).first.shape == (0, 32, 32, 3)


# --- pictures and masks -----------------------------------------------------------------


@pytest.mark.parametrize("size", [32, 100, 256])
def test_picture_of_any_size_has_masks_of_that_size(home: Home, size: int) -> None:
    painted = drawn(made(home, image_size=size), 5, 0, 1, masks=True)
    assert painted.picture.shape == (size, size, 3)
    assert painted.hair is not None
    assert painted.face is not None
    assert painted.hair.shape == painted.face.shape == (size, size)
    assert 0.03 < painted.hair.mean() < 0.5
    assert 0.05 < painted.face.mean() < 0.4
    assert not (painted.hair & painted.face).any()


def test_masks_leave_the_picture_as_it_is(home: Home) -> None:
    dataset = made(home)
    np.testing.assert_array_equal(drawn(dataset, 7, 1, 0).picture, drawn(dataset, 7, 1, 0, masks=True).picture)


@pytest.mark.parametrize("z", [0, 1])
def test_hair_mask_is_where_hair_colour_shows(home: Home, z: int) -> None:
    """Paint the same face with two hair colours: the pixels that change are the hair, edges and brows aside."""
    dataset = made(home, image_size=128)
    for face in traits(dataset, np.full(12, z), np.zeros(12, np.int64)):
        face = face._replace(light=0.0, exposure=0.0, beard=float(face.beard > 0), moustache=0.0)
        pictures = [
            paint(face._replace(hair=hair), 128, np.random.PCG64(0), masks=True)
            for hair in ((0.1, 0.1, 0.1), (0.6, 0.5, 0.3))
        ]
        changed = np.abs(pictures[0].picture.astype(int) - pictures[1].picture).max(axis=2) > 25
        hair = pictures[0].hair
        assert hair is not None
        assert changed[hair].mean() > 0.99
        assert (changed & ~hair).sum() / changed.sum() < 0.12


def test_layers_limited_to_their_boxes_paint_the_same_picture(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.arange(60) % 2
    faces = traits(made(home), z, (z + np.arange(60) // 2) % 2)
    boxed = [paint(face, 64, np.random.PCG64(0), masks=True) for face in faces]
    everywhere = (slice(None), slice(None))
    monkeypatch.setattr(Canvas, "box", lambda self, *_: Box(everywhere, self._x, self._y, self._ax))
    for face, painted in zip(faces, boxed, strict=True):
        whole = paint(face, 64, np.random.PCG64(0), masks=True)
        assert np.abs(whole.picture.astype(int) - painted.picture).max() <= 1
        assert whole.hair is not None
        assert (whole.hair == painted.hair).all()
        assert whole.face is not None
        assert (whole.face == painted.face).all()


def test_grain_has_the_deviation_asked_for() -> None:
    """The sum of four random bytes, scaled to 5 levels, around half a level."""
    grain = _grain(np.random.PCG64(0), (3, 301, 301), 5.0)
    assert grain.shape == (3, 301, 301)
    assert grain.mean() == pytest.approx(0.5, abs=0.03)
    assert grain.std() == pytest.approx(5.0, rel=0.01)
    assert abs(np.corrcoef(grain[0].ravel(), grain[1].ravel())[0, 1]) < 0.02


def test_regions_are_drawn_when_asked_for_and_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made(home)
    split = dataset.split("val")
    assert not list(home.cache.rglob("hair.npy"))
    regions = dataset.regions("val")
    expected = drawn(dataset, 3, int(split.z[3]), int(split.y[3]), "val", masks=True)
    np.testing.assert_array_equal(regions["hair"][3], expected.hair)
    np.testing.assert_array_equal(regions["face"][3], expected.face)
    monkeypatch.setattr(faces_module, "paint", None)  # a second call draws nothing
    np.testing.assert_array_equal(made(home).regions("val")["hair"], regions["hair"])


def test_regions_of_some_rows_are_drawn_alone_and_equal_those_of_all(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, dataset = np.array([5, 2, 3]), made(home)
    few = dataset.regions_of("val", rows)
    assert not list(home.cache.rglob("hair.npy"))
    whole = dataset.regions("val")
    for region, masks in few.items():
        np.testing.assert_array_equal(masks, whole[region][rows])
    monkeypatch.setattr(faces_module, "paint", None)  # those that are kept are not drawn again
    np.testing.assert_array_equal(made(home).regions_of("val", rows)["face"], few["face"])


# --- cache ------------------------------------------------------------------------------


def test_digest_changes_with_what_changes_the_rows_and_nothing_else(home: Home) -> None:
    digest = made(home).split_digest("test")
    for option in ("n_train", "n_tune", "n_val"):
        assert made(home, **{option: 128}).split_digest("test") == digest
    changes = {"n_test": 36, "seed": 1, "p_male": 0.5, "p_blond_male": 0.2, "separability": 0.5, "target": "wavy"}
    digests = {made(home, **{option: value}).split_digest("test") for option, value in changes.items()}
    digests |= {made(home, image_size=33).split_digest("test"), made(home).split_digest("val"), digest}
    assert len(digests) == len(changes) + 3


def test_second_call_reads_the_cache(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(made(home).prepare_split("train")) == [(64, 96), (96, 96)]
    first = made(home).split("train")
    monkeypatch.setattr(faces_module, "paint", None)
    assert not list(made(home).prepare_split("train"))
    again = made(home).split("train")
    assert isinstance(again.x, np.memmap)
    assert not again.x.flags.writeable
    np.testing.assert_array_equal(again.x, first.x)


def test_natural_pictures_are_drawn_once_for_every_target(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked about a face changes its label alone; the even splits are drawn by their labels."""
    blond = made(home).split("train")
    assert not (made(home, target="wavy").split("val").x == made(home).split("val").x).all()
    monkeypatch.setattr(faces_module, "paint", None)
    both = made(home, target="blond,wavy").split("train")
    np.testing.assert_array_equal(both.x, blond.x)
    assert (both.y // 2 == blond.y).all()
    assert 0 < (both.y % 2).mean() < 1
    assert made(home, target="blond,wavy").split_digest("train") != made(home).split_digest("train")


def test_interrupted_drawing_leaves_nothing_and_starts_anew(home: Home) -> None:
    drawing = made(home).prepare_split("train")
    next(drawing)
    assert list(home.cache.rglob("*.npy"))
    drawing.close()
    assert not list(home.cache.rglob("*.npy"))
    assert made(home).split("train").x.shape == (96, 32, 32, 3)


def test_full_disk_is_told_before_drawing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(1000))
    with pytest.raises(DataError, match="does not fit on the disk .* more than the 1 kB that are free"):
        made(home).split("train")


# --- the rest ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("n_test", 30),
        ("target", "blond, blond"),
        ("target", ""),
        ("image_size", 31),
        ("image_size", 257),
        ("p_male", 0),
        ("target", "hat"),
        ("seed", -1),
    ],
)
def test_option_out_of_bounds_is_named(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        FacesOptions.parse({option: value})


@pytest.mark.parametrize(("target", "n_cells"), [("blond, wavy", 8), ("blond, smiling, glasses, wavy", 32)])
def test_rows_that_do_not_divide_over_the_cells_are_refused(target: str, n_cells: int) -> None:
    with pytest.raises(ConfigError, match=rf"n_val \(36\) must be a multiple of {n_cells}"):
        FacesOptions.parse({"target": target, "n_val": 36})


def test_card_says_that_faces_are_drawn() -> None:
    card = data_card("faces")
    assert card is not None
    assert {"Input", "Label", "Sensitive attribute", "Correlation", "Source", "Licence"} <= set(card.lines)
    assert "nothing is implied about people" in card.lines["Note"]
    assert all(text and "\n" not in text for text in (card.about, *card.lines.values()))


def test_data_sets_load_without_torch() -> None:
    code = (
        "import sys; from fairprog_core.data import DATASETS; [entry.load() for entry in DATASETS.values()];"
        " sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_cards_are_read_without_what_makes_the_data() -> None:
    code = (
        "import sys; from fairprog_core.data import DATASETS; from fairprog_core.data.card import data_card;"
        " assert all(map(data_card, DATASETS)); print(*{'torch', 'pandas', 'pyarrow', 'PIL'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"


def test_data_set_of_another_version_has_no_card() -> None:
    assert data_card("unheard_of") is None


def test_drawing_is_fast(home: Home) -> None:
    """At least 200 faces a second at 64 px on one thread; about 1,000 on a quiet core of 2024."""
    dataset = made(home, image_size=64)
    codes = dataset._codes("train", 0, 64)

    def seconds() -> float:
        start = time.process_time()
        list(dataset._paint("train", 0, *codes))
        return time.process_time() - start

    assert 64 / min(seconds() for _ in range(3)) > 200
