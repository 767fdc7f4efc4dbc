"""Civil Comments, on files that the test writes in exactly the columns of WILDS."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS, CivilCommentsOptions
from fairprog_core.data.card import data_card
from fairprog_core.data.civil_comments import dataset as civil_comments_module
from fairprog_core.data.civil_comments import file as file_module
from fairprog_core.data.civil_comments.dataset import CivilComments

FILE = "all_data_with_identities.csv"
FINE = (
    "male", "female", "transgender", "other_gender", "heterosexual", "homosexual_gay_or_lesbian", "bisexual",
    "other_sexual_orientation", "christian", "jewish", "muslim", "hindu", "buddhist", "atheist", "other_religion",
    "black", "white", "asian", "latino", "other_race_or_ethnicity", "physical_disability",
    "intellectual_or_learning_disability", "psychiatric_or_mental_illness", "other_disability",
)  # fmt: skip
COLUMNS = (
    "id", "comment_text", "split", "created_date", "publication_id", "parent_id", "article_id", "rating", "funny",
    "wow", "sad", "likes", "disagree", "toxicity", "severe_toxicity", "obscene", "sexual_explicit", "identity_attack",
    "insult", "threat", *FINE, "identity_annotator_count", "toxicity_annotator_count", "LGBTQ", "other_religions",
    "asian_latino_etc", "disability_any", "identity_any", "num_identities", "more_than_one_identity", "na_gender",
    "na_orientation", "na_religion", "na_race", "na_disability",
)  # fmt: skip
EIGHT = ("male", "female", "LGBTQ", "christian", "muslim", "other_religions", "black", "white")
PARTS = ["train"] * 20 + ["val"] * 4 + ["test"] * 8
ODD = [
    "", "plain", 'she said "no", twice', "two\n\nparagraphs\r\nand a tab\t", "<b>bold</b><script>alert(1)</script>",
    "\u202eright to left\u202c שלום مرحبا", "🙂👩\u200d👧 é ﷽", "x" * 10_000, "NA", "nan", "null", "None",
    "  spaces  ", "=1+1", "0.5",
]  # fmt: skip


def table() -> pd.DataFrame:
    """32 comments: scores in steps, toxic every third, identities that overlap, or miss, or were not asked."""
    n = np.arange(32)
    frame = pd.DataFrame({column: np.zeros(32) for column in COLUMNS})
    frame["id"], frame["split"] = 5_000_000 + n, PARTS
    frame["comment_text"] = [f"Comment {i}" for i in n]
    frame["created_date"] = "2017-09-13 03:34:51.532671+00"
    frame["toxicity"] = np.where(n % 3 == 0, 0.5, 0.4999)
    frame["christian"] = np.select([n % 4 == 0, n % 4 == 1], [1.0, 0.5], np.nan)
    frame["muslim"] = np.select([n % 4 == 1, n % 4 == 2], [0.8, 0.2], 0.0)
    frame["other_religions"] = (n == 31).astype(int)
    return frame


def write(frame: pd.DataFrame, path: Path) -> Path:
    """As WILDS writes it: with pandas, its index as a first column without a name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 32 comments; not to be changed."""
    return write(table(), tmp_path_factory.mktemp("civil") / FILE)


def made(root: Path | str, home: Home, **options: Any) -> CivilComments:
    dataset: CivilComments = build(DATASETS, CivilCommentsOptions(root=str(root), **options), home)
    return dataset


# --- rows -------------------------------------------------------------------------------


def test_rows_are_those_of_the_file(file: Path, home: Home) -> None:
    """Rows 24…31 are the test split; toxic: 24, 27, 30; christian: 24, 25, 28, 29; muslim: 25, 29."""
    dataset = made(file, home)
    test = dataset.split("test")
    assert test.x.dtype == object
    assert test.x.tolist() == [f"Comment {i}" for i in range(24, 32)]
    assert test.y.tolist() == [1, 0, 0, 1, 0, 0, 1, 0]
    groups = dataset.groups
    assert groups.names == ("christian", "muslim", "other_religions")
    assert groups.patterns[test.z].astype(int).tolist() == [
        [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]
    ]  # fmt: skip
    assert not test.is_stratified


def test_examples_are_the_first_rows_of_the_file(file: Path, home: Home) -> None:
    """Rows 0 and 3 are toxic; christian: 0 and 1; muslim: 1."""
    found = made(file, home).examples(4)
    assert [example.x for example in found] == ["Comment 0", "Comment 1", "Comment 2", "Comment 3"]
    assert [example.label for example in found] == ["toxic", "not toxic", "not toxic", "toxic"]
    assert [example.groups for example in found] == [("christian",), ("christian", "muslim"), (), ()]
    assert not home.cache.exists()
    assert made("", home).examples(4) == []


@pytest.mark.parametrize("damage", ["toxicity", "comment_text"])
def test_examples_of_a_broken_file_are_told(tmp_path: Path, home: Home, damage: str) -> None:
    frame = table()
    if damage == "toxicity":
        frame[damage] = "much"
    else:
        del frame[damage]
    with pytest.raises(DataError, match=FILE):
        made(write(frame, tmp_path / FILE), home).examples(4)


def test_patterns_are_the_combinations_in_the_file(file: Path, home: Home) -> None:
    """Read as binary numbers, the first identity the lowest bit: 0, 1, 3 and 4, in every split alike."""
    dataset = made(file, home)
    assert dataset.groups.patterns.astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert not dataset.groups.is_exclusive
    assert dataset.split("val").cell_share.shape == (4, 2)
    other = made(file, home, identities="muslim, christian").groups
    assert other.names == ("muslim", "christian")
    assert other.patterns.astype(int).tolist() == [[0, 0], [0, 1], [1, 1]]


def test_all_identities_are_the_eight_of_wilds(file: Path, home: Home) -> None:
    dataset = made(file, home, identities="all")
    assert dataset.groups.names == EIGHT
    assert set(dataset.identity_words()) == set(EIGHT)
    assert "mosque" in dataset.identity_words()["muslim"]


def test_threshold_moves_label_and_identities(file: Path, home: Home) -> None:
    """At .9 nothing is toxic and .5, .8 are no mention; at .2 row 26 mentions Muslims."""
    high, low = made(file, home, threshold=0.9), made(file, home, threshold=0.2)
    assert not high.split("test").y.any()
    assert high.groups.patterns.astype(int).tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert low.split("test").y.all()
    assert low.groups.patterns[low.split("test").z[2]].tolist() == [False, True, False]


def test_split_is_natural_and_its_weights_are_one(file: Path, home: Home) -> None:
    split = made(file, home).split("test")
    assert split.cell_share.sum() == pytest.approx(1)
    assert split.cell_share[0].tolist() == [1 / 8, 2 / 8]  # no identity: 26 not toxic, 27 and 30 toxic
    np.testing.assert_allclose(split.weight, 1)


def test_no_masks_and_no_twins(file: Path, home: Home) -> None:
    assert made(file, home).regions("test") == {}
    assert made(file, home).twins(4) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=12))
@example(texts=ODD)
def test_any_text_passes_unchanged_but_for_null_bytes(texts: list[str], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("texts")
    with (folder / FILE).open("w", encoding="utf-8", newline="") as raw:
        writer = csv.writer(raw, quoting=csv.QUOTE_ALL)
        writer.writerow(["", "comment_text", "split", "toxicity", *EIGHT])
        writer.writerows([i, text, "test", 0.1, *[""] * 8] for i, text in enumerate(texts))
    assert made(folder, Home(folder / "home")).split("test").x.tolist() == [text.replace("\0", "") for text in texts]


def test_texts_that_pandas_wrote_pass_unchanged(tmp_path: Path, home: Home) -> None:
    frame = table().iloc[: len(ODD)].assign(comment_text=ODD, split="val")
    assert made(write(frame, tmp_path / FILE), home).split("val").x.tolist() == ODD


# --- splits -----------------------------------------------------------------------------


def test_tuning_rows_are_as_many_as_validation_rows_and_come_from_training(file: Path, home: Home) -> None:
    dataset = made(file, home)
    train, tune, val = (set(dataset.split(name).x) for name in ("train", "tune", "val"))
    assert len(tune) == len(val) == 4
    assert train | tune == {f"Comment {i}" for i in range(20)}
    assert not train & tune
    assert set(made(file, home, seed=1).split("tune").x) != tune


def test_rows_at_most_is_a_part_of_all_rows(file: Path, home: Home) -> None:
    everything, some = made(file, home), made(file, home, max_train=9, max_tune=2, max_test=5)
    for name, n in (("train", 9), ("tune", 2), ("test", 5)):
        part = some.split(name).x.tolist()  # type: ignore[arg-type]
        assert len(part) == n
        assert [text for text in everything.split(name).x if text in part] == part  # type: ignore[arg-type]
    assert some.split_digest("val") == everything.split_digest("val")


# --- the file and the cache -------------------------------------------------------------


@pytest.mark.parametrize("where", [FILE, f"civilcomments_v1.0/{FILE}"])
def test_folder_and_folder_above_lead_to_the_file(file: Path, tmp_path: Path, home: Home, where: str) -> None:
    write(table(), tmp_path / "data" / where)
    assert made(tmp_path / "data", home).split("val").x.tolist() == made(file, home).split("val").x.tolist()


def test_relative_root_is_seen_from_the_working_directory(
    file: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent.parent)
    assert len(made(file.parent.name, home).split("val").y) == 4


def test_other_options_need_no_second_reading(file: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = made(file, home).split_digest("test")
    made(file, home).split("test")
    monkeypatch.setattr(civil_comments_module, "read", None)
    other = made(file, home, identities="black, white", threshold=0.7)
    assert other.groups.patterns.tolist() == [[False, False]]
    assert len(other.split("train").y) == 16
    assert other.split_digest("test") != digest


def test_digest_follows_options_and_file(tmp_path: Path, home: Home) -> None:
    file = write(table(), tmp_path / FILE)
    digest = made(file, home).split_digest("val")
    for option, value in (("seed", 3), ("max_train", 5)):
        assert made(file, home, **{option: value}).split_digest("val") == digest
        assert made(file, home, **{option: value}).split_digest("train") != made(file, home).split_digest("train")
    for option, value in (("threshold", 0.6), ("identities", "all"), ("max_val", 2)):
        assert made(file, home, **{option: value}).split_digest("val") != digest
    write(table().assign(comment_text="other"), file)
    assert made(file, home).split_digest("val") != digest
    assert made(file, home).split("val").x.tolist() == ["other"] * 4


def test_file_is_read_block_by_block_with_reports(file: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "_BLOCK", 2048)
    reports = list(made(file, home).prepare_split("test"))
    split = made(file, home).split("test")
    assert len(reports) > 2
    assert reports == sorted(reports)
    assert reports[-1] == (32, 32)
    assert all(24 <= total <= 40 for _, total in reports[1:])  # an estimate; the header fills half of the first block
    assert split.x.tolist() == [f"Comment {i}" for i in range(24, 32)]


def test_interrupted_reading_leaves_nothing_and_starts_anew(file: Path, home: Home) -> None:
    reading = made(file, home).prepare_split("val")
    next(reading)
    assert list(home.cache.rglob("*.arrow"))
    reading.close()
    assert not list(home.cache.rglob("*.arrow"))
    assert len(made(file, home).split("val").x) == 4


# --- what can be wrong ------------------------------------------------------------------


def test_no_file_says_how_to_get_one(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder is given\. Download civilcomments v1\.0 of WILDS"):
        build(DATASETS, CivilCommentsOptions(), home).split("train")
    with pytest.raises(DataError, match=r"nowhere does not exist\. Download"):
        made(tmp_path / "nowhere", home).split("train")
    with pytest.raises(DataError, match=r"all_data_with_identities\.csv is not in"):
        made(tmp_path, home).groups  # noqa: B018


def test_missing_columns_are_named(tmp_path: Path, home: Home) -> None:
    file = write(table().drop(columns=["toxicity", "LGBTQ"]), tmp_path / "mine.csv")
    with pytest.raises(DataError, match=r"mine\.csv has no column toxicity, LGBTQ\. Download"):
        made(file, home).split("train")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("toxicity", "very", "toxicity is 'very'; it must be a number from 0 to 1."),
        ("toxicity", "", "toxicity is ''; it must"),
        ("toxicity", "nan", "toxicity is 'nan'; it must"),
        ("toxicity", "1.5", "toxicity is '1.5'; it must"),
        ("muslim", "-0.1", "muslim is '-0.1'; it must be a number from 0 to 1, or empty."),
        ("black", "yes", "black is 'yes'; it must"),
        ("split", "validation", "split is 'validation'; it must be train, val or test."),
        ("split", "", "split is ''; it must"),
    ],
)
def test_value_that_is_not_allowed_names_its_row(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch, column: str, value: str, message: str
) -> None:
    """Comment 25 is row 27: the header is row 1. It holds line breaks, and is in the second block or later."""
    monkeypatch.setattr(file_module, "_BLOCK", 2048)
    frame = table().astype({column: object})
    frame.loc[25, column] = value
    frame.loc[3, "comment_text"] = "several\n\nlines"
    with pytest.raises(DataError) as caught:
        made(write(frame, tmp_path / FILE), home).split("train")
    assert f"{FILE}, row 27 (the header is row 1): {message}" in str(caught.value)
    assert not list(home.cache.rglob("*.arrow"))


def test_text_in_another_encoding_names_its_row(tmp_path: Path, home: Home) -> None:
    file = write(table().replace({"comment_text": {"Comment 7": "Café"}}), tmp_path / FILE)
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    with pytest.raises(DataError, match=r"row 9 \(the header is row 1\): comment_text is not UTF-8"):
        made(file, home).split("train")


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-200],  # cut off
        lambda raw: raw.replace(b"Comment 30", b'"Comment 30'),  # a quote that never ends
    ],
)
def test_file_that_is_no_table_is_told(tmp_path: Path, home: Home, damage: Any) -> None:
    file = write(table(), tmp_path / FILE)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DataError, match=r"cannot be read as a table \(.*\); download it again"):
        made(file, home).split("train")


def test_comment_longer_than_a_block_is_told(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "_BLOCK", 2048)
    file = write(table().replace({"comment_text": {"Comment 7": "x" * 9000}}), tmp_path / FILE)
    with pytest.raises(DataError, match=r"cannot be read as a table"):
        made(file, home).split("train")


def test_empty_files_and_files_of_another_kind_are_told(tmp_path: Path, home: Home) -> None:
    for content in (b"", b"\x89PNG\r\n\xff\xfe", b"<html>not found</html>"):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(DataError, match="has no column comment_text, split, toxicity"):
            made(tmp_path, home).split("train")
    write(table().iloc[:0], tmp_path / FILE)
    with pytest.raises(DataError, match=r"too few rows for the split 'train' \(0 rows are marked train"):
        made(tmp_path, home).split("train")


def test_split_without_rows_is_told(tmp_path: Path, home: Home) -> None:
    file = write(table().query("split != 'val'"), tmp_path / FILE)
    for name in ("val", "tune"):
        with pytest.raises(DataError, match=f"too few rows for the split '{name}'"):
            made(file, home).split(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("identities", "message"),
    [
        ("christian, jews", "there is no identity 'jews'; choose among male, female, LGBTQ, christian"),
        ("muslim, muslim", "is listed twice"),
        ("muslim", "at least 2"),
    ],
)
def test_identities_that_make_no_groups_are_refused(identities: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CivilCommentsOptions.parse({"identities": identities})


def test_identities_are_taken_in_every_form() -> None:
    for value in ("all", ["all"], list(EIGHT), ", ".join(EIGHT)):
        assert CivilCommentsOptions.parse({"identities": value}).identities == EIGHT
    options = CivilCommentsOptions(identities=("black", "white"))
    assert CivilCommentsOptions.parse(options.to_json()) == options


def test_card_names_source_and_licence_and_warns() -> None:
    card = data_card("civil_comments")
    assert card is not None
    assert "Nuanced Metrics" in card.lines["Source"]
    assert card.lines["Licence"].startswith("CC0")
    assert "many of them offend" in card.lines["Note"]
