"""A user's own data, damaged: CelebA's lists, zips and pictures, and the table of Civil Comments."""

import io
import itertools
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CelebAOptions, CivilCommentsOptions
from fairprog_core.data.celeba.files import CelebAFiles
from fairprog_core.data.celeba.lists import read_attributes, read_partition
from fairprog_core.data.celeba.pictures import CelebAPictures
from fairprog_core.data.civil_comments.file import head
from tests.core.test_celeba import ATTRIBUTES, N, write_csv, write_txt
from tests.core.test_civil_comments import FILE, table, write
from tests.fuzz.harness import Fuzz
from tests.fuzz.mutations import mutate_bytes

CELLS = ("", "-1", "1", "0", "2", "x", "nan", "1e400", "9" * 5000, "-", "../../etc/passwd", "\x00", "\x1b[2J",
         "λ\u202e", '"', "'", "\n", "\r", "\t", " ", "train", "val", "0.5", "-0.0", "x" * 20_000)  # fmt: skip


def other_cells(text: str, rng: random.Random, mark: str) -> str:
    """One to three cells or lines of a table changed, lost or doubled."""
    for _ in range(rng.randint(1, 3)):
        lines = text.split("\n")
        at = rng.choice((0, 1, rng.randrange(len(lines)))) % len(lines)
        cells = lines[at].split(mark)
        match rng.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines[at] = lines[rng.randrange(len(lines))]
            case 2:
                del cells[rng.randrange(len(cells))]
                lines[at] = mark.join(cells)
            case _:
                cells[rng.randrange(len(cells))] = rng.choice(CELLS)
                lines[at] = mark.join(cells)
        text = "\n".join(lines)
    return text


def damaged_table(text: str, mark: str) -> Callable[[random.Random], bytes]:
    def mutate(rng: random.Random) -> bytes:
        if rng.random() < 0.4:
            return mutate_bytes(text.encode(), rng)
        return other_cells(text, rng, mark).encode("utf-8", "surrogatepass")

    return mutate


def celeba(folder: Path) -> Path:
    """Both lists in both forms, and one picture for all names."""
    values = np.where(np.arange(N * len(ATTRIBUTES)).reshape(N, -1) % 3, 1, -1)
    write_txt(folder, values)
    write_csv(folder, values)
    (folder / "img_align_celeba").mkdir()
    Image.new("RGB", (17, 21), "teal").save(folder / "img_align_celeba" / "000001.jpg")
    for i in range(2, N + 1):
        (folder / "img_align_celeba" / f"{i:06d}.jpg").symlink_to("000001.jpg")
    return folder


def test_lists_of_celeba(fuzz: Fuzz, tmp_path: Path) -> None:
    folder = celeba(tmp_path / "celeba")
    for suffix, mark in ((".txt", " "), (".csv", ",")):
        attributes, partition = folder / f"list_attr_celeba{suffix}", folder / f"list_eval_partition{suffix}"
        for file, read in ((attributes, lambda path: read_attributes(path, ("Bald", "Male"))),
                           (partition, read_partition)):  # fmt: skip
            spoilt = tmp_path / file.name

            def use(data: bytes, path: Path = spoilt, read: Callable[[Path], object] = read) -> None:
                path.write_bytes(data)
                read(path)

            fuzz(f"CelebA, {file.name}", damaged_table(file.read_text("utf-8"), mark), use, default=150,
                 name_in_errors=file.name, share=0.5)  # fmt: skip


def zipped(folder: Path, rng: random.Random) -> bytes:
    """A zip of the lists and of the pictures, themselves in a zip or not."""
    out, inner = io.BytesIO(), io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(inner, "w", rng.choice(methods)) as archive:
        for i in range(1, N + 1):
            archive.write(folder / "img_align_celeba" / "000001.jpg", f"img_align_celeba/{i:06d}.jpg")
    pictures = inner.getvalue()
    if rng.random() < 0.3:
        pictures = mutate_bytes(pictures, rng)
    with zipfile.ZipFile(out, "w", rng.choice(methods)) as archive:
        for name in ("list_attr_celeba", "list_eval_partition"):
            archive.write(folder / f"{name}.txt", f"{rng.choice(('', 'a/', '../', '/'))}{name}.txt")
        archive.writestr("img_align_celeba.zip", pictures)
    return out.getvalue() if rng.random() < 0.2 else mutate_bytes(out.getvalue(), rng)


@pytest.mark.filterwarnings("ignore")  # Pillow's and zipfile's, of damage that does no harm
def test_zip_of_celeba(fuzz: Fuzz, tmp_path: Path) -> None:
    folder, file, counter = celeba(tmp_path / "celeba"), tmp_path / "c.zip", itertools.count()

    def read(data: bytes) -> None:
        file.write_bytes(data)
        home = Home(tmp_path / f"home{next(counter)}")
        dataset = build(DATASETS, CelebAOptions(root=str(file), image_size=64), home)
        dataset.split("val")
        CelebAPictures.among(CelebAFiles(str(file)).picture_folders(), ["000001.jpg"])

    fuzz("CelebA in a zip", lambda rng: zipped(folder, rng), read, default=60, share=0.1)


@pytest.mark.filterwarnings("ignore")  # Pillow's, of damage that does no harm
def test_picture_of_celeba(fuzz: Fuzz, tmp_path: Path) -> None:
    from fairprog_core.common.files.pictures.decode import decode
    from tests.fuzz.test_uploads import picture

    file = tmp_path / "000001.jpg"

    def read(data: bytes) -> None:
        file.write_bytes(data)
        assert decode(file, 16).shape == (16, 16, 3)

    fuzz("CelebA, a picture", picture("JPEG"), read, default=250, name_in_errors=file.name, share=0.5)


def test_table_of_civil_comments(fuzz: Fuzz, tmp_path: Path) -> None:
    text = write(table(), tmp_path / FILE).read_text("utf-8")
    file, counter = tmp_path / "civil" / FILE, itertools.count()
    file.parent.mkdir()

    def read(data: bytes) -> None:
        file.write_bytes(data)
        home = Home(tmp_path / f"home{next(counter)}")
        head(file, 6)
        build(DATASETS, CivilCommentsOptions(root=str(file.parent)), home).split("val")

    fuzz("Civil Comments", damaged_table(text, ","), read, default=100, share=0.2)
