"""``fairprog audit``: the numbers of ``fp.audit`` from a file, and one sentence for what cannot be audited."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fairprog_core as fp
from fairprog_core.api.auditing.first_look import first_look
from fairprog_core.api.auditing.from_file import AuditColumns, audit_file
from fairprog_core.cli import main
from fairprog_core.common.errors import ModelError
from fairprog_core.study.load import load_study

N = 300


def table() -> pd.DataFrame:
    """Labels, scores that are higher for women, predicted labels, and groups in words and in yes and no."""
    random = np.random.default_rng(0)
    y, is_female = random.integers(0, 2, N), random.integers(0, 2, N)
    score = (0.3 * y + 0.2 * is_female + 0.5 * random.random(N)).round(6)
    return pd.DataFrame(
        {
            "label": np.array(["dark", "blond"])[y], "score": score, "p_dark": 1 - score, "p_blond": score,
            "said": np.array(["dark", "blond"])[(score > 0.5).astype(int)], "y": y,
            "sex": np.array(["male", "female"])[is_female], "young": random.integers(0, 2, N),
            "tall": random.integers(0, 2, N), "town": random.choice(["a", "b"], N),
        }
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.csv"
    table().to_csv(path, index=False)
    return path


class Ended:
    """What a command left: exit code, stdout, stderr."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str]):
    """Run ``fairprog audit`` in this process."""

    def call(*arguments: str | Path) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(["audit", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    return call


def of(path, **columns):
    """The audit of a file with few resamples."""
    given = {"label": "label", "prediction": ("score",), "groups": ("sex",), "labels": ("dark", "blond")} | columns
    return audit_file(path, AuditColumns(**given), draws=200).audit


# --- numbers -----------------------------------------------------------------------------------


def test_file_gives_the_numbers_of_the_library(file):
    rows = table()
    expected = fp.audit(rows["label"], rows["score"], rows["sex"], labels=["dark", "blond"], draws=200)
    assert dict(of(file)) == dict(expected)
    expected = fp.audit(rows["label"], rows["said"], rows["sex"], labels=["dark", "blond"], draws=200)
    assert dict(of(file, prediction=("said",))) == dict(expected)


@pytest.mark.parametrize("prediction", [("p_dark", "p_blond"), ("p_blond", "p_dark"), ("p_dark,p_blond",)])
def test_one_score_per_label_is_found_by_the_names_of_the_labels(file, prediction):
    assert dict(of(file, prediction=prediction)) == dict(of(file))


def test_several_columns_of_yes_and_no_are_groups_that_may_overlap(file):
    rows = table()
    found = of(file, groups=("young", "tall"))
    expected = fp.audit(rows["label"], rows["score"], rows[["young", "tall"]], labels=["dark", "blond"], draws=200)
    assert dict(found) == dict(expected)
    assert found["n_without_group"] == int(((rows["young"] == 0) & (rows["tall"] == 0)).sum()) > 0
    assert f"In no group: {found['n_without_group']} rows; they count for the accuracy" in repr(found)
    assert "Combination" in repr(found)


def test_other_columns_make_combinations(file):
    assert of(file, groups=("sex", "town"))["groups"] == ["female, a", "female, b", "male, a", "male, b"]


def test_rows_without_a_group_count_for_the_accuracy_alone(tmp_path):
    rows = table()
    rows.loc[:19, "sex"] = None
    rows.to_csv(tmp_path / "p.csv", index=False)
    found, inside = of(tmp_path / "p.csv"), rows[20:]
    expected = fp.audit(inside["label"], inside["score"], inside["sex"], labels=["dark", "blond"], draws=200)
    assert found["n"] == N
    assert found["n_without_group"] == 20
    assert found["demographic_parity_difference"] == expected["demographic_parity_difference"]
    assert found["accuracy"] == pytest.approx(float(((rows["score"] > 0.5) == (rows["label"] == "blond")).mean()))


def test_threshold_moves_the_predictions_and_leaves_the_area_under_the_curve(file):
    low, middle = of(file, threshold=0.3), of(file)
    assert low["auc"] == middle["auc"]
    assert low["group_rates"][0]["selection_rate"]["value"] > middle["group_rates"][0]["selection_rate"]["value"]
    rows = table()
    rows["score"] = 10 * rows["score"] - 5  # logits, which have no .5
    rows.to_csv(file, index=False)
    assert dict(of(file, threshold=0.0)) == dict(middle)


def test_labels_that_are_codes_or_scores(file, tmp_path):
    binary = of(file, label="y", labels=("dark", "blond"))
    assert dict(binary) == dict(of(file))
    assert of(file, label="y", labels=())["labels"] == ["not y", "y"]
    assert of(file, labels=(), positive="dark")["labels"] == ["blond", "dark"]
    rows = table()
    rows["rated"] = rows["y"] * 0.4 + 0.3
    rows.to_csv(tmp_path / "p.csv", index=False)
    assert dict(of(tmp_path / "p.csv", label="rated", label_threshold=0.5)) == dict(of(file))


@pytest.mark.parametrize("predicted", [("0", "1"), ("0.0", "1.0"), ("False", "True"), ("no", "yes")])
def test_predicted_truth_values_are_labels(file, tmp_path, predicted):
    rows = table()
    rows["said"] = np.array(predicted)[(rows["score"] > 0.5).astype(int)]
    rows.to_csv(tmp_path / "p.csv", index=False)
    assert of(tmp_path / "p.csv", label="y", prediction=("said",))["auc"] is None
    assert dict(of(tmp_path / "p.csv", label="y", prediction=("said",))) == dict(of(file, prediction=("said",)))


def test_three_labels_take_one_score_each(tmp_path):
    random = np.random.default_rng(1)
    y, scores = random.integers(0, 3, N), random.random((N, 3))
    rows = pd.DataFrame({"label": np.array(["a", "b", "c"])[y], "sex": random.choice(["f", "m"], N)})
    for k, name in enumerate("abc"):
        rows[f"of {name}"] = scores[:, k]
    rows.to_csv(tmp_path / "p.csv", index=False)
    found = of(tmp_path / "p.csv", labels=(), prediction=("of a", "of b", "of c"))
    expected = fp.audit(rows["label"], scores, rows["sex"], draws=200)
    assert dict(found) == dict(expected)


@pytest.mark.parametrize("form", ["tsv", "semicolons", "bom", "utf-16", "jsonl", "parquet", "gz", "zip"])
def test_every_format_gives_the_same(form, file, tmp_path):
    rows, expected = table(), dict(of(file))
    path = tmp_path / f"other.{form}"
    match form:
        case "tsv":
            rows.to_csv(path, sep="\t", index=False)
        case "semicolons":
            rows.to_csv(path, sep=";", index=False)
        case "bom":
            rows.to_csv(path, encoding="utf-8-sig", index=False)
        case "utf-16":
            rows.to_csv(path, encoding="utf-16", index=False)
        case "jsonl":
            rows.to_json(path, orient="records", lines=True)
        case "parquet":
            rows.to_parquet(path)
        case "gz":
            path.write_bytes(gzip.compress(file.read_bytes()))
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.write(file, "predictions.csv")
    assert dict(of(path)) == expected


def test_swapped_predictions_are_told(tmp_path):
    rows = table()
    rows["said"] = np.where(rows["said"] == "dark", "blond", "dark")
    rows.to_csv(tmp_path / "p.csv", index=False)
    found = of(tmp_path / "p.csv", prediction=("said",))
    assert found["weak_base"]["swapped_accuracy"] == pytest.approx(1 - found["accuracy"])
    assert "The order of the labels may be swapped: in another order the accuracy would be 0." in repr(found)


# --- the command --------------------------------------------------------------------------------


def test_command_prints_the_report_and_writes_it(audit, file, tmp_path):
    target = tmp_path / "audit.json"
    given = (file, "--label", "label", "--prediction", "score", "--group", "sex", "--labels", "dark,blond")
    ended = audit(*given, "--json", target)
    assert (ended.code, ended.err) == (0, "")
    assert "Audit of 300 rows · labels: dark, blond (positive) · groups: female, male" in ended.out
    for part in ("Equalized-odds gap", "Noise alone", "Power: differences of about", "Always predicting"):
        assert part in ended.out
    written = json.loads(target.read_text())
    assert written["schema"] == "fairprog.audit/1"
    assert (written["file"], written["label"], written["prediction"]) == ("predictions.csv", "label", ["score"])
    assert written["n"] == 300
    assert audit(*given, "--json", target).code == 0, "its own file is replaced"
    target.write_text("mine")
    refused = audit(*given, "--json", target)
    assert refused.code == 2
    assert "is not an audit that fairprog wrote" in refused.err


def test_table_of_an_audit_escapes_what_a_spreadsheet_would_compute(audit, tmp_path):
    rows = table()
    rows["sex"] = rows["sex"].replace("male", "=HYPERLINK(1)")
    rows.to_csv(tmp_path / "p.csv", index=False)
    target = tmp_path / "audit.csv"
    given = (tmp_path / "p.csv", "--label", "label", "--prediction", "score", "--group", "sex", "--csv", target)
    assert audit(*given).code == audit(*given).code == 0
    found = pd.read_csv(target)
    assert set(found["name"]) >= {"accuracy", "auc", "'=HYPERLINK(1)", "female"}
    of_women = found[(found["name"] == "female") & (found["what"] == "group: accuracy")].iloc[0]
    women = rows[rows["sex"] == "female"]
    right = (women["score"] > 0.5) == (women["label"] == "dark")
    assert of_women["value"] == pytest.approx(right.mean())
    assert of_women["low"] < of_women["value"] < of_women["high"]


def test_audit_of_a_file_leaves_torch_alone(file):
    code = (
        "import sys; from fairprog_core.api.auditing.from_file import AuditColumns, audit_file\n"
        "audit_file(sys.argv[1], AuditColumns('label', ('score',), ('sex',)), draws=100)\n"
        "print(*({'torch', 'streamlit', 'pandas'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""


def test_column_whose_name_has_a_comma_is_one_column(tmp_path):
    table().rename(columns={"score": "score, of blond"}).to_csv(tmp_path / "p.csv", index=False)
    assert of(tmp_path / "p.csv", prediction=("score, of blond",))["n"] == N


def test_names_that_steer_a_terminal_are_shown_as_what_they_are(audit, tmp_path):
    rows = table()
    rows["sex"] = rows["sex"].replace("male", "\x1b[31m=1+1")
    rows.to_csv(tmp_path / "p.csv", index=False)
    ended = audit(tmp_path / "p.csv", "--label", "label", "--prediction", "score", "--group", "sex")
    assert ended.code == 0
    assert "\x1b" not in ended.out


def changed(tmp_path: Path, **values) -> Path:
    """A file in which the first cells of some columns are others."""
    rows = table().astype(object)
    for column, value in values.items():
        rows.loc[6, column] = value
    rows.to_csv(tmp_path / "p.csv", index=False)
    return tmp_path / "p.csv"


@pytest.mark.parametrize(
    ("values", "columns", "sentence"),
    [
        ({}, {"label": "lable"}, "p.csv: label: there is no column lable; did you mean label"),
        ({}, {"prediction": ("nothing",)}, "p.csv: prediction: there is no column nothing; it has label"),
        ({}, {"groups": ("sex", "gone")}, "p.csv: group: there is no column gone"),
        ({}, {"weight": "heavy"}, "p.csv: weight: there is no column heavy"),
        ({}, {"prediction": ("",)}, "No column of predictions is named"),
        ({"score": "nan"}, {}, r"1 row has no prediction in the column score \(the first is row 8\)"),
        ({"score": "inf"}, {}, "p.csv, row 8: the prediction in the column score is 'inf'; it must be a number"),
        ({"score": "much"}, {}, "p.csv, row 8: the prediction in the column score is 'much'; it must be a number"),
        ({"score": 1.5}, {}, "p.csv: the column score holds 1.5, outside 0 … 1; give the probability of 'blond'"),
        ({"said": "red"}, {"prediction": ("said",)}, r"holds 'red' \(row 8\), which is none of the labels dark, blond"),
        ({"label": ""}, {}, r"1 row has no label in the column label \(the first is row 8\)"),
        ({"label": "red"}, {}, "the column label holds 'red', which --labels does not name"),
        ({}, {"labels": ("a", "b")}, r"labels \(a, b\) are no values of the column label"),
        ({}, {"positive": "red"}, r"positive \(red\) is no value of the column label"),
        (
            {},
            {"label": "score", "labels": ()},
            r"the label column score holds scores \(.*\); set the threshold of the label \(--label-threshold\)",
        ),
        (
            {},
            {"groups": ("score",)},
            r"the group column score holds scores \(.*\); put them together, e\.g\. ages to ranges",
        ),
        ({}, {"prediction": ("p_dark", "p_blond", "score")}, "has 3 columns, the column label 2 labels"),
        ({"town": "c"}, {"weight": "score"}, "Rows of one group and label have different weights"),
    ],
)
def test_what_cannot_be_audited_is_one_sentence(values, columns, sentence, tmp_path):
    with pytest.raises(fp.FairprogError, match=sentence) as error:
        of(changed(tmp_path, **values), **columns)
    assert len(str(error.value)) <= 300


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "p.csv is empty"),
        (b"label,score,sex\n", "p.csv has no rows below its column names"),
        (b"label,score,sex\ndark,.1,f\nblond,.2\n", "p.csv, row 3: has 2 cells for 3 columns; mend the row"),
        (b"label,score,sex\ndark,.1,f\nblond,.2,m\xe4nnlich\n", "p.csv, row 3: sex is not UTF-8"),
        (b"label,score,sex\ndark,.1,f\nblond,.2,f\n", "The group column sex has only the value f; two are needed"),
        (b"label,score,sex\ndark,.1,f\ndark,.2,m\n", "all rows have the label 'dark'; rows of two are needed"),
        (b"label,score,sex\ndark,.1,\nblond,.2,\n", "no row has a group in sex"),
        (b"label,score,sex,sex\ndark,.1,f,f\n", "2 columns are named sex"),
        (b"\x89PNG\r\n\0\0\0", "is no table of text"),
        (b"[1, 2]", "is one JSON list"),
    ],
)
def test_file_that_is_no_audit_is_one_sentence(content, sentence, tmp_path):
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(fp.FairprogError, match=sentence) as error:
        of(tmp_path / "p.csv")
    assert len(str(error.value)) <= 300


def test_missing_file_and_missing_options_end_with_code_2(audit, tmp_path):
    given = ("--label", "label", "--prediction", "score", "--group", "sex")
    ended = audit(tmp_path / "none.csv", *given)
    assert ended.code == 2
    assert "none.csv does not exist" in ended.err
    ended = audit(tmp_path / "none.csv", *given[:4])
    assert ended.code == 2
    assert "--group" in ended.err


# --- the first look at a study ---------------------------------------------------------------------


def test_study_is_audited_before_anything_is_trained(audit, tmp_path, home):
    """On the shipped base of the drawn faces; nothing but the validation rows is prepared, and no run is made."""
    (tmp_path / "s.toml").write_text('name = "look"\n[dataset]\nkind = "faces"\nn_val = 128\n')
    ended = audit(tmp_path / "s.toml", "--json", tmp_path / "a.json", "--set", "device=cpu")
    assert ended.code == 0
    assert "Audit of 128 rows · labels: not blond, blond (positive) · groups: female, male" in ended.out
    written = json.loads((tmp_path / "a.json").read_text())
    assert (written["study"]["name"], written["split"], written["n"]) == ("look", "val", 128)
    study = load_study(tmp_path / "s.toml")
    look = list(first_look(study, home=home))
    assert [record["kind"] for record in look] == ["stage"] * (len(look) - 1) + ["audit"]
    assert look[-1]["figures"] == {name: written[name] for name in look[-1]["figures"]}
    assert [record["fraction"] for record in look[:-1]] == sorted(record["fraction"] for record in look[:-1])
    assert not home.runs.exists()
    assert not home.models.exists()


def test_study_whose_base_would_have_to_be_trained_is_refused_before_data_are_prepared(home):
    study = load_study("faces-quick", ["classifier.source=train"])
    with pytest.raises(ModelError, match="The base of this study is not trained yet"):
        list(first_look(study, home=home))
    assert not home.cache.exists()


def test_file_needs_the_names_of_its_columns(audit, file):
    ended = audit(file, "--label", "label", "--group", "sex")
    assert ended.code == 2
    assert "--prediction is missing" in ended.err
