"""CelebA, on folders that the faces renderer writes in exactly the official layout and Kaggle's."""

import csv
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.files.pictures.decode import decode
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CelebAOptions, FacesOptions
from fairprog_core.data.card import data_card
from fairprog_core.data.celeba import dataset as celeba_module
from fairprog_core.data.celeba.dataset import CelebA
from fairprog_core.data.faces.dataset import Faces

N = 48
ATTRIBUTES = ("Bald", "Blond_Hair", "Eyeglasses", "Male", "Smiling", "Wavy_Hair")
PARTS = [0] * 32 + [1] * 6 + [2] * 10  # training, validation, test


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NDArray[np.int64]]:
    """N drawn faces as 178×218 JPEGs, and their attributes (N, 6) of -1 and 1."""
    folder = tmp_path_factory.mktemp("drawn")
    faces = Faces(FacesOptions(image_size=178), Home(folder))
    z, y = faces._codes("test", 0, N)
    traits = faces._faces("test", 0, z, y)
    for i, painted in enumerate(faces._paint("test", 0, z, y), 1):
        padded = np.pad(painted.picture, ((20, 20), (0, 0), (0, 0)), mode="edge")
        Image.fromarray(padded).save(folder / f"{i:06d}.jpg", quality=95)
    values = [[0, face.blond, face.glasses, face.z, face.smiling, face.wavy] for face in traits]
    return folder, np.array(values) * 2 - 1


Drawn = tuple[Path, NDArray[np.int64]]


def write_txt(folder: Path, values: NDArray[np.int64]) -> None:
    """Both lists as the official ones, their padding included."""
    names = [f"{i:06d}.jpg" for i in range(1, N + 1)]
    lines = [f"{name} " + " ".join(f"{value:2d}" for value in row) for name, row in zip(names, values, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(N), " ".join(ATTRIBUTES) + " ", *lines, ""]))
    partition = "\n".join(f"{name} {part}" for name, part in zip(names, PARTS, strict=True))
    (folder / "list_eval_partition.txt").write_text(partition + "\n")


def write_csv(folder: Path, values: NDArray[np.int64]) -> None:
    """Both lists as Kaggle's."""
    names = [f"{i:06d}.jpg" for i in range(1, N + 1)]
    with (folder / "list_attr_celeba.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image_id", *ATTRIBUTES), *((n, *v) for n, v in zip(names, values, strict=True))])
    with (folder / "list_eval_partition.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image_id", "partition"), *zip(names, PARTS, strict=True)])


def copy_images(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for image in source.glob("*.jpg"):
        shutil.copy(image, target)


def pack(folder: Path, target: Path) -> Path:
    """Zip a folder, the entries for its folders included, as people's tools do."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return target


def official(drawn: Drawn, path: Path) -> Path:
    write_txt(path, drawn[1])
    copy_images(drawn[0], path / "img_align_celeba")
    return path


def official_zipped_images(drawn: Drawn, path: Path) -> Path:
    write_txt(path, drawn[1])
    copy_images(drawn[0], path / "scratch" / "img_align_celeba")
    pack(path / "scratch", path / "img_align_celeba.zip")
    shutil.rmtree(path / "scratch")
    return path


def official_drive(drawn: Drawn, path: Path) -> Path:
    """As the authors' drive lays it out: Anno, Eval, Img."""
    write_txt(path / "Anno", drawn[1])
    (path / "Eval").mkdir()
    (path / "Anno" / "list_eval_partition.txt").rename(path / "Eval" / "list_eval_partition.txt")
    copy_images(drawn[0], path / "Img" / "img_align_celeba")
    return path


def official_in_one_zip(drawn: Drawn, path: Path) -> Path:
    return pack(official(drawn, path / "CelebA").parent, path.parent / "all.zip")


def official_zip_in_zip(drawn: Drawn, path: Path) -> Path:
    return pack(official_zipped_images(drawn, path), path.parent / "all.zip")


def drive_in_one_zip(drawn: Drawn, path: Path) -> Path:
    return pack(official_drive(drawn, path / "CelebA").parent, path.parent / "all.zip")


def kaggle(drawn: Drawn, path: Path) -> Path:
    copy_images(drawn[0], path / "img_align_celeba" / "img_align_celeba")
    write_csv(path, drawn[1])
    return path


def kaggle_in_one_zip(drawn: Drawn, path: Path) -> Path:
    return pack(kaggle(drawn, path), path.parent / "archive.zip")


LAYOUTS: list[Callable[[Drawn, Path], Path]] = [
    official, official_zipped_images, official_drive, official_in_one_zip, official_zip_in_zip, drive_in_one_zip,
    kaggle, kaggle_in_one_zip,
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official layout, unzipped; not to be changed."""
    return official(drawn, tmp_path_factory.mktemp("official"))


@pytest.fixture
def broken(drawn: Drawn, tmp_path: Path) -> Iterator[Path]:
    """The official layout, to be damaged."""
    return official(drawn, tmp_path / "celeba")


def made(root: Path, home: Home, **options: Any) -> CelebA:
    dataset: CelebA = build(DATASETS, CelebAOptions(root=str(root), **options), home)
    return dataset


# --- layouts ----------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(
    layout: Callable[[Drawn, Path], Path], drawn: Drawn, tmp_path: Path, home: Home
) -> None:
    images, values = drawn
    dataset = made(layout(drawn, tmp_path / "celeba"), home)
    test = dataset.split("test")
    expected = np.stack([decode(images / f"{i:06d}.jpg", 64) for i in range(39, 49)])
    np.testing.assert_array_equal(test.x, expected)
    np.testing.assert_array_equal(test.y, values[38:, ATTRIBUTES.index("Blond_Hair")] == 1)
    np.testing.assert_array_equal(test.z, values[38:, ATTRIBUTES.index("Male")] == 1)
    assert [len(dataset.split(name).y) for name in ("train", "tune", "val")] == [29, 3, 6]


def test_picture_is_the_centred_square_resized(tmp_path: Path) -> None:
    """178×218: rows 20…197 stay; a red rim above and below is gone, a green left half stays a left half."""
    picture = np.zeros((218, 178, 3), np.uint8)
    picture[:20], picture[198:] = (255, 0, 0), (255, 0, 0)
    picture[20:198, :89] = (0, 255, 0)
    Image.fromarray(picture).save(tmp_path / "a.png")
    pixels = decode(tmp_path / "a.png", 64)
    assert pixels.shape == (64, 64, 3)
    assert not pixels[..., 0].any()
    assert (pixels[:, :31, 1] == 255).all()
    assert not pixels[:, 33:].any()


def test_grey_image_is_read_as_rgb(tmp_path: Path) -> None:
    Image.fromarray(np.full((80, 70), 90, np.uint8)).save(tmp_path / "a.png")
    assert (decode(tmp_path / "a.png", 64) == 90).all()


# --- splits -----------------------------------------------------------------------------


def test_tuning_rows_are_split_off_training_by_seed(folder: Path, home: Home) -> None:
    dataset = made(folder, home, tuning_ratio=0.25)
    train, tune = set(dataset._images("train")), set(dataset._images("tune"))
    assert len(tune) == 8
    assert not train & tune
    assert train | tune == {f"{i:06d}.jpg" for i in range(1, 33)}
    assert set(made(folder, home, tuning_ratio=0.25, seed=1)._images("tune")) != tune


def test_rows_at_most_is_a_part_of_all_rows(folder: Path, home: Home) -> None:
    everything, some = made(folder, home), made(folder, home, max_train=9, max_test=4)
    assert set(some._images("train")) < set(everything._images("train"))
    assert len(some.split("train").y) == 9
    assert len(some.split("test").y) == 4
    assert some.split_digest("val") == everything.split_digest("val")


def test_split_is_natural_and_its_weights_are_one(folder: Path, home: Home) -> None:
    split = made(folder, home).split("test")
    assert not split.is_stratified
    cells = np.bincount(2 * split.z + split.y, minlength=4).reshape(2, 2)
    np.testing.assert_allclose(split.cell_share, cells / 10)
    np.testing.assert_allclose(split.weight, 1)


def test_several_attributes_make_every_combination(drawn: Drawn, folder: Path, home: Home) -> None:
    """(Blond_Hair, Smiling) = (1, 0) is class 2·1 + 0 = 2."""
    dataset = made(folder, home, target=("Blond_Hair", "Smiling"), sensitive=("Male", "Eyeglasses"))
    split = dataset.split("val")
    bits = {name: (drawn[1][32:38, ATTRIBUTES.index(name)] == 1).astype(int) for name in ATTRIBUTES}
    assert dataset.labels[2] == "blond hair, not smiling"
    assert dataset.groups.names == (
        "female, not eyeglasses",
        "female, eyeglasses",
        "male, not eyeglasses",
        "male, eyeglasses",
    )
    assert dataset.groups.is_exclusive
    np.testing.assert_array_equal(split.y, 2 * bits["Blond_Hair"] + bits["Smiling"])
    np.testing.assert_array_equal(split.z, 2 * bits["Male"] + bits["Eyeglasses"])


def test_no_masks_and_no_twins(folder: Path, home: Home) -> None:
    assert made(folder, home).regions("test") == {}
    assert made(folder, home).twins(4) is None


# --- cache ------------------------------------------------------------------------------


def test_other_label_needs_no_second_decoding(folder: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(made(folder, home).prepare_split("test")) == [(10, 10)]
    first = made(folder, home).split("test")
    assert isinstance(first.x, np.memmap)
    monkeypatch.setattr(celeba_module, "decode", None)
    other = made(folder, home, target=("Smiling",)).split("test")
    np.testing.assert_array_equal(other.x, first.x)
    assert made(folder, home).split_digest("test") != made(folder, home, target=("Smiling",)).split_digest("test")


def test_digest_follows_options_and_lists(broken: Path, home: Home) -> None:
    digest = made(broken, home).split_digest("val")
    for option, value in (("seed", 3), ("tuning_ratio", 0.3), ("max_train", 5)):
        assert made(broken, home, **{option: value}).split_digest("val") == digest
        assert made(broken, home, **{option: value}).split_digest("train") != made(broken, home).split_digest("train")
    assert made(broken, home, image_size=80).split_digest("val") != digest
    with (broken / "list_attr_celeba.txt").open("a") as file:
        file.write("\n")
    assert made(broken, home).split_digest("val") != digest


# --- what can be wrong ------------------------------------------------------------------


def test_no_folder_says_how_to_get_one(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder is given. Give as root a folder with img_align_celeba.zip"):
        build(DATASETS, CelebAOptions(), home).split("train")
    with pytest.raises(DataError, match=r"nowhere does not exist\. Give"):
        made(tmp_path / "nowhere", home).split("train")
    with pytest.raises(DataError, match=r"neither list_attr_celeba\.txt nor list_attr_celeba\.csv"):
        made(tmp_path, home).split("train")


def test_file_that_is_no_zip_is_named(home: Home, tmp_path: Path) -> None:
    (tmp_path / "celeba.zip").write_bytes(b"<html>quota exceeded</html>")
    with pytest.raises(DataError, match=r"celeba\.zip is not a readable zip"):
        made(tmp_path / "celeba.zip", home).split("train")


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("blond hair", "did you mean Blond_Hair"),
        ("Smilling", "did you mean Smiling"),
        ("Qq", "it has Bald, Blond_Hair"),
    ],
)
def test_unknown_attribute_lists_near_matches(folder: Path, home: Home, wanted: str, hint: str) -> None:
    with pytest.raises(DataError, match=hint):
        made(folder, home, target=(wanted,)).split("val")


def test_missing_images_are_named(broken: Path, home: Home) -> None:
    (broken / "img_align_celeba" / "000040.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 10 pictures of the test split are missing in .*, e\.g\. 000040\.jpg"):
        made(broken, home).split("test")
    shutil.rmtree(broken / "img_align_celeba")
    with pytest.raises(DataError, match=r"000001\.jpg is neither in img_align_celeba/ nor in"):
        made(broken, home).split("test")
    assert not list(home.cache.rglob("x.npy"))


def test_truncated_image_is_named(broken: Path, home: Home) -> None:
    image = broken / "img_align_celeba" / "000041.jpg"
    image.write_bytes(image.read_bytes()[:900])
    with pytest.raises(DataError, match=r"000041\.jpg is broken"):
        made(broken, home).split("test")


def test_picture_of_900_megapixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    file = tmp_path / "000001.jpg"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 90_001)))
    with pytest.raises(
        DataError, match=r"000001\.jpg has far too many pixels; at most 25,000,000 are allowed"
    ) as error:
        decode(file, 64)
    assert len(str(error.value)) <= 300


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("000002.jpg -1", "000002.jpg 7", "line 4: found 7"),
        ("000002.jpg -1", "000002.jpg", "line 4: found 5 values for 6 attributes"),
        ("48\n", "202599\n", "line 1 says '202599' images, but 48 follow"),
        ("000040.jpg", "000400.jpg", "has no line for 000040.jpg"),
    ],
)
def test_broken_list_of_attributes_names_the_line(broken: Path, home: Home, old: str, new: str, message: str) -> None:
    file = broken / "list_attr_celeba.txt"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        made(broken, home, target=("Bald",)).split("test")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("000003.jpg 0", "000003.jpg 3", r"line 3: found '000003\.jpg 3'"),
        ("000003.jpg 0", "../../secret 0", "line 3"),
        ("000003.jpg 0", "000003.jpg", r"0 \(training\), 1 \(validation\) or 2 \(test\)"),
    ],
)
def test_broken_partition_names_the_line(broken: Path, home: Home, old: str, new: str, message: str) -> None:
    file = broken / "list_eval_partition.txt"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        made(broken, home).split("test")


def test_partition_without_rows_of_a_split_is_told(broken: Path, home: Home) -> None:
    file = broken / "list_eval_partition.txt"
    file.write_text(file.read_text().replace(" 1\n", " 0\n"))
    with pytest.raises(DataError, match=r"too few images \(0\) for the split 'val'"):
        made(broken, home).split("val")


def test_list_that_is_no_text_is_told(drawn: Drawn, tmp_path: Path, home: Home) -> None:
    root = kaggle(drawn, tmp_path / "celeba")
    (root / "list_attr_celeba.csv").write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(DataError, match="cannot be read as a list"):
        made(root, home).split("val")


def test_attribute_named_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="Male is listed twice"):
        CelebAOptions.parse({"target": ["Male"]})
    assert CelebAOptions.parse({"target": "Smiling, Young"}).target == ("Smiling", "Young")


def test_card_names_source_and_licence() -> None:
    card = data_card("celeba")
    assert card is not None
    assert "Deep Learning Face Attributes in the Wild" in card.lines["Source"]
    assert "non-commercial" in card.lines["Licence"]
