"""Known data sets as they lie on a disk after they were unpacked, with a few tiny pictures or comments."""

import csv
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image

EACH = 12  # rows of every label and group, where the splits are drawn
_FAIRFACE = ("East Asian", "Black", "White")
_LFW = (
    "Male", "Asian", "White", "Black", "Baby", "Child", "Youth", "Middle Aged", "Senior", "Black Hair", "Blond Hair",
    "Eyeglasses", "Sunglasses", "Mustache", "Smiling", "Frowning", "Indian",
)  # fmt: skip
_JIGSAW = (
    "id", "target", "comment_text", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "asian",
    "atheist", "bisexual", "black", "buddhist", "christian", "female", "heterosexual", "hindu",
    "homosexual_gay_or_lesbian", "intellectual_or_learning_disability", "jewish", "latino", "male", "muslim",
    "other_disability", "other_gender", "other_race_or_ethnicity", "other_religion", "other_sexual_orientation",
    "physical_disability", "psychiatric_or_mental_illness", "transgender", "white", "created_date", "publication_id",
    "parent_id", "article_id", "rating", "funny", "wow", "sad", "likes", "disagree", "sexual_explicit",
    "identity_annotator_count", "toxicity_annotator_count",
)  # fmt: skip
JIGSAW_GROUPS = (
    "male", "female", "homosexual_gay_or_lesbian", "christian", "jewish", "muslim", "black", "white",
    "psychiatric_or_mental_illness",
)  # fmt: skip


def pictures(root: Path, names: Iterable[str]) -> None:
    """Write pictures that all differ."""
    for name in names:
        random = np.random.default_rng(crc32(name.encode()))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(root / name, "JPEG")


def table(file: Path, rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV."""
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)


def fairface(root: Path) -> Path:
    """Two tables and the folders train and val, in the folder that the archive is unpacked into."""
    (root / "fairface").mkdir()
    inside = root / "fairface" / "fairface-img-margin025-trainval"
    for split, each in (("train", 2 * EACH), ("val", EACH)):
        rows = [
            (f"{split}/{i}.jpg", ("20-29", "more than 70")[i % 2], gender, race, i % 2 == 0)
            for i, (gender, race, _) in enumerate(product(("Male", "Female"), _FAIRFACE, range(each)), 1)
        ]
        pictures(inside, (str(row[0]) for row in rows))
        table(root / "fairface" / f"fairface_label_{split}.csv",
              [("file", "age", "gender", "race", "service_test"), *rows])  # fmt: skip
    return root / "fairface"


def utkface(root: Path) -> Path:
    """Pictures whose names say age, gender (0 male) and race (0 White, 1 Black, 2 Asian); one name lacks the race."""
    names = [
        f"{age}_{gender}_{race}_201701161745{i:05d}.jpg.chip.jpg"
        for i, (gender, race, age) in enumerate(product((0, 1), (0, 1, 2), range(1, 1 + 9 * EACH, 9)))
    ]
    pictures(root / "UTKFace", [*names, "39_1_20170116174525125.jpg.chip.jpg"])
    (root / "UTKFace" / "README.txt").write_text("UTKFace\n\nFor research, not for commerce, please.\n")
    return root / "UTKFace"


def lfw(root: Path) -> Path:
    """The attribute file with its comment, and a folder for each person; some have two pictures."""
    folder = root / "faces"
    lines = ["# lfw_attributes.txt: scores of attributes", "\t".join(("#", "person", "imagenum", *_LFW))]
    names = []
    for i, (male, smiling) in enumerate(_cells()):
        person, n = f"Ann Lee{i // 2}", i % 2 + 1
        scores = {"Male": male, "Smiling": smiling, "White": 0.5, "Asian": (-1.0, 1.0)[i % 2]}
        lines.append("\t".join((person, str(n), *(str(scores.get(name, -0.4568)) for name in _LFW))))
        names.append(f"Ann_Lee{i // 2}/Ann_Lee{i // 2}_{n:04d}.jpg")
    pictures(folder / "lfw", names)
    (folder / "lfw_attributes.txt").write_text("\n".join(lines) + "\n")
    (folder / "pairs.txt").write_text("10\t300\nAnn_Lee0\t1\t2\n")
    return folder


def _cells() -> Iterator[tuple[float, float]]:
    """The scores of Male and Smiling of each picture."""
    yield from ((male, smiling) for male in (-1.5, 0.25) for smiling in (-0.75, 1.5) for _ in range(EACH))


def waterbirds(root: Path) -> Path:
    """metadata.csv, and a folder for each species; splits 0, 1 and 2."""
    folder = root / "waterbird_complete95_forest2water2"
    rows: list[tuple[object, ...]] = []
    for split, y, place, i in product((0, 1, 2), (0, 1), (0, 1), range(6)):
        name = f"{y + 1:03d}.Bird/Bird_{split}{place}{i}_{len(rows):04d}.jpg"
        rows.append((len(rows) + 1, name, y, split, place, f"/{'bf'[place]}/forest/{i:08d}.jpg"))
    pictures(folder, (str(row[1]) for row in rows))
    table(folder / "metadata.csv", [("img_id", "img_filename", "y", "split", "place", "place_filename"), *rows])
    return folder


def jigsaw(root: Path) -> Path:
    """train.csv of the challenge on unintended bias; every third row has marks of identities."""
    rows = []
    for i, (name, toxic, _) in enumerate(product(JIGSAW_GROUPS, (0.0, 0.8), range(2 * EACH))):
        row = dict.fromkeys(_JIGSAW, "") | {"id": 59848 + i, "target": toxic, "rating": "approved", "likes": 0}
        row["comment_text"] = f'Comment {i}, "quoted",\nand a second line.'
        if i % 3 == 0 or i % (2 * EACH) < EACH:
            row |= dict.fromkeys(_JIGSAW[8:32], "0.0") | {name: "0.8333333333333334"}
        rows.append([row[column] for column in _JIGSAW])
    table(root / "train.csv", [_JIGSAW, *rows])
    return root / "train.csv"


def toxic_challenge(root: Path) -> Path:
    """train.csv of the older challenge: six labels, no groups."""
    head = ["id", "comment_text", "toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    table(root / "train.csv", [head, *([f"{i:016x}", f"Text {i}", i % 2, 0, 0, 0, 0, 0] for i in range(40))])
    return root / "train.csv"


def folders(root: Path, *levels: Iterable[str], each: int = EACH) -> Path:
    """Pictures in a folder for each combination of names."""
    paths = ("/".join(parts) for parts in product(*levels))
    pictures(root / "photos", [f"{path}/{i}.jpg" for path in paths for i in range(each)])
    return root / "photos"
