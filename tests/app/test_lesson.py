"""The lesson: sentences of every language, the shipped studies' figures, the teacher's link."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.components.lesson import bundle
from app.presenters.lesson import plan, portraits, rates, study
from app.wording.shared.languages import FIRST, languages
from fairprog_core.results.changed_examples import read_examples
from fairprog_core.results.result import Result
from tests.app.test_component_types import ScriptTypes, sent

DEMOS = Path(__file__).parents[2] / "assets" / "demo"
BRACES = re.compile(r"\{(\w+)\}")
ON_PAPER = ("intro", "meanings", "question", "options", "measured", "exact", "explain", "sums", "other")
OF_THE_CLASS = ON_PAPER[:4]
ON_THE_SCREEN = re.compile(
    r"\b(slider|curve|chart|button|ring|table|thought experiment|Regler|Kurve|Diagramm|Knopf|Knöpfe|Ring|Tabelle|"
    r"Gedankenspiel)\b"
)
NO_ANSWERS = re.compile(r"accuracy|base_\w+|frozen|positive|negative|look_(without|trigger|option\d)")
USED = re.compile(r"""(?:say|list|has)\(\s*["`]([\w.]+)["`]""")


def leaves(table: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every sentence, list of sentences, or number of a table of tables, by its key with dots."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield from leaves(value, f"{place}.{key}".lstrip("."))
    else:
        yield place, table


def names(value: object) -> list[set[str]]:
    """The names in braces of a sentence, or of each of several."""
    return [set(BRACES.findall(text)) for text in ([value] if isinstance(value, str) else value)]


@pytest.fixture(scope="module")
def studies() -> dict[str, dict]:
    return {key: study.study(Result.open(DEMOS / key), "demo") for key in ("faces", "comments")}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_has_the_same_keys_and_names_in_braces(language):
    expected = {key: names(value) for key, value in leaves(languages()[FIRST])}
    found = {key: names(value) for key, value in leaves(languages()[language])}
    assert found.keys() == expected.keys()
    for key, each in expected.items():
        assert len(found[key]) == len(each), key
        assert set().union(*found[key]) == set().union(*each), key


def test_there_are_english_and_german_and_no_sentence_is_left_untranslated():
    english, german = dict(leaves(languages()["en"])), dict(leaves(languages()["de"]))
    same = [key for key, text in english.items() if text == german[key] and len(str(text)) > 20]
    assert same == []


def test_both_studies_have_the_same_sentences():
    for texts in languages().values():
        keys = [
            {key for key, _ in leaves(texts[name]) if not re.match(r"(groups|cells|one|conditions)\.", key)}
            for name in ("faces", "comments")
        ]
        assert keys[0] == keys[1]


def test_scripts_use_sentences_that_there_are():
    texts = languages()[FIRST]
    known = {key for key, _ in leaves(texts)}
    known |= {key.partition(".")[2] for key in known if key.startswith(("faces.", "comments."))}
    assert (used := set(USED.findall(bundle.script())))
    assert used - known == set()


def test_joined_script_has_no_import_and_gives_no_name_twice():
    text = bundle.script()
    assert "import {" not in text
    assert re.findall(r"^export .*", text, flags=re.MULTILINE) == [
        "export default function ({ parentElement, data: [lesson], setTriggerValue }) {"
    ]
    defined = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, flags=re.MULTILINE)
    assert sorted(defined) == sorted(set(defined))


def test_sentences_are_true_of_the_shipped_studies(studies):
    """What the sentences say in words: who is failed, what the border says, what the control explains."""
    for key, (worst, best) in {"faces": ("male", "female"), "comments": ("christian", "muslim")}.items():
        found = studies[key]
        by_base = sorted(found["groups"], key=lambda group: group["positive"])
        assert (by_base[0]["name"], by_base[-1]["name"]) == (worst, best)
        index = {group["name"]: i for i, group in enumerate(found["groups"])}
        base, chosen = found["stops"][0], next(stop for stop in found["stops"] if stop["is_chosen"])
        hits = [group["hits"][0] for group in base["groups"]]
        assert (hits.index(min(hits)), hits.index(max(hits))) == (index[worst], index[best])
        assert chosen["groups"][index[worst]]["hits"][0] > hits[index[worst]] + 0.1
        assert chosen["gap"][0] < min(chosen["noise"], 0.1)  # "cannot be told from 0"
        assert [check["verdict"] for check in found["checks"]] == ["no", "no", "yes", "yes", "unknown"]
        assert found["stops"][1]["lam"] == 0  # "even at λ = 0 the gap falls"
        assert found["stops"][1]["gap"][0] < base["gap"][0] - 0.05
        assert chosen["accuracy"][0] < base["accuracy"][0]
        assert found["flips"][0] > found["flips"][1]
        assert 0 < found["levelled"][1] < found["levelled"][2] < 0.5  # "mostly", "partly because some gained"
    faces, comments = studies["faces"], studies["comments"]
    probe = faces["probe"]
    at = {name: probe["conditions"].index(name) for name in probe["conditions"]}
    assert probe["values"][1][at["untrained"]] >= probe["values"][1][at["trigger"]] - 0.01  # "guesser 2"
    assert probe["group"] == "male"
    assert all(
        row[at["black"]] > row[at["without"]] and row[at["trigger"]] > row[at["without"]] for row in probe["values"]
    )
    assert all(row[at["black"]] > 0.9 for row in probe["values"][1:])  # "makes guessers 2 and 3 almost certain"
    assert faces["look"]["control"] == "black"
    assert faces["look"]["explained"][0] > 0.6
    looks = {each["name"]: each["value"][0] for each in faces["look"]["conditions"]}
    share = (looks["untrained"] - looks["without"]) / (looks["trigger"] - looks["without"])
    assert share < 0.35 < 0.65 < faces["look"]["explained"][0]  # "it matters what a border looks like"
    other = {each["name"]: each["value"][0] for each in faces["look"]["other"]}
    assert not other or abs(other["trigger"] - other["without"]) < 0.03  # "changes almost nothing"
    probe = comments["probe"]
    at = {name: probe["conditions"].index(name) for name in ("without", "random_words", "trigger")}
    assert probe["group"] == "muslim"
    assert [row[at["trigger"]] > 0.9 for row in probe["values"]] == [True, True, False]
    assert all(row[at["random_words"]] < row[at["without"]] + 0.01 for row in probe["values"])
    assert comments["look"]["rest"][2] < 0 < comments["look"]["conditions"][0]["value"][0]
    looks = {each["name"]: each["value"][0] for each in comments["look"]["conditions"]}
    assert min(looks["random_words"], looks["neutral_words"]) >= looks["without"]  # "only the learned ones do"


def sentences(texts: dict, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every sentence of a handout with its place; the statements of step 6 stand on every handout."""
    for place, value in leaves(texts):
        table, _, key = place.rpartition(".")
        table = table.rpartition(".")[2]
        is_told = (re.fullmatch(r"step\d", table) and key in keys) or table == "checks"
        if is_told or (table == "checked" and keys == ON_PAPER):
            yield from ((place, text) for text in ([value] if isinstance(value, str) else value))


@pytest.mark.parametrize("language", sorted(languages()))
def test_handouts_name_nothing_that_only_the_screen_shows(language):
    found = list(sentences(languages()[language], ON_PAPER))
    assert len(found) > 100
    assert [(place, text) for place, text in found if ON_THE_SCREEN.search(text)] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_handout_for_the_class_gives_no_figure_away_that_a_step_asks_for(language):
    found = list(sentences(languages()[language], OF_THE_CLASS))
    given = {name for _, text in found for name in BRACES.findall(text)}
    assert {"accuracy", "look_trigger"} < given
    assert [name for name in given if not NO_ANSWERS.fullmatch(name)] == []


def test_examples_of_the_price_look_as_their_label_and_change_at_different_lambdas(studies):
    """Else the faces would say that λ = 0 mends everything."""
    found = studies["faces"]
    assert all(portraits.plainness(row) > 0 for row in found["changed"])
    chosen = next(i for i, stop in enumerate(found["stops"]) if stop["is_chosen"])
    for stop in range(chosen + 1):
        assert any(row["predictions"][stop] != row["label"] for row in found["changed"])


def test_explained_faces_start_with_the_one_whose_heat_lies_most_in_the_middle():
    """All heat of the second one is in the middle of its map, and half of the first one's."""

    def row(hair: tuple[int, int, int], heat: list[tuple[int, int]]) -> dict:
        buffer = io.BytesIO()
        Image.new("RGB", (10, 10), hair).save(buffer, "PNG")
        map_ = np.zeros((8, 8))
        for place in heat:
            map_[place] = 1
        photo = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
        return {"photo": photo, "label": 0, "maps": {"without": map_.tolist()}}

    brown, yellow = (80, 50, 30), (230, 200, 130)
    rows = [row(brown, [(0, 0), (3, 3)]), row(brown, [(3, 3)]), row(yellow, [(3, 3)])]
    assert portraits.explained(rows) == [rows[1], rows[0]]  # the third is called not blond, and looks blond


def test_portraits_are_two_blond_people_whose_hair_is_nearly_alike(studies):
    woman, man = studies["faces"]["portraits"]
    assert [(each["group"], each["label"]) for each in (woman, man)] == [(0, 1), (1, 1)]
    assert portraits.tone(woman["photo"]) == pytest.approx(portraits.tone(man["photo"]), abs=0.02)
    assert studies["comments"]["portraits"] == []


def test_tone_of_hair_by_hand():
    """Lightness 0.6 less redness 0.2."""
    buffer = io.BytesIO()
    Image.new("RGB", (10, 10), (204, 153, 102)).save(buffer, "PNG")
    assert portraits.tone("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()) == pytest.approx(0.4)


def test_figures_are_those_of_the_result(studies):
    result = Result.open(DEMOS / "faces")
    found = studies["faces"]
    assert found["n"] == result.base.n
    assert found["stops"][0]["accuracy"][0] == result.base.metric("accuracy").value
    curve = next(curve for curve in result.curves if curve.criterion == "equalized_odds")
    point = result.chosen_point(curve)
    chosen = next(stop for stop in found["stops"] if stop["is_chosen"])
    assert tuple(chosen["gap"]) == (
        point.metric("equalized_odds_difference").value,
        *point.metric("equalized_odds_difference").ci,
    )
    stored = read_examples(DEMOS / "faces", curve=curve.key, n_labels=2)
    assert found["frozen"] == stored["n_weights"]
    gained = [row["predictions"][curve.lams.index(curve.chosen_lam) + 1] == row["label"] for row in found["changed"]]
    share = found["flips"][0] / sum(found["flips"])
    assert abs(np.mean(gained) - share) < 0.5 / len(gained)


def test_rates_along_the_share_that_is_called_positive_by_hand():
    """Four rows by score: yes, no, yes, no, all of weight 1. At 25 % the first is called: a hit of two, no alarm. At
    50 % the second as well: 1 of 2 hits, 1 of 2 alarms. At 75 % 2 of 2 and 1 of 2. Between, a line: at 10 %, 0.2."""
    hits, alarms = rates.along(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]), np.ones(4))
    assert len(hits) == len(alarms) == rates.POINTS == 401
    assert [hits[4 * i] for i in (0, 10, 25, 50, 75, 100)] == [0, 0.2, 0.5, 0.5, 1, 1]
    assert [alarms[4 * i] for i in (0, 10, 25, 50, 75, 100)] == [0, 0, 0, 0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("link", "data", "language", "steps", "problem"),
    [
        (None, "faces", None, [1, 2, 3, 4, 5, 6], ""),
        ("comments,de,1-4", "comments", "de", [1, 2, 3, 4], ""),
        (" DE , 6,2-3", "faces", "de", [2, 3, 6], ""),
        ("7", "faces", None, [1, 2, 3, 4, 5, 6], "7"),
        ("4-2,en", "faces", "en", [1, 2, 3, 4, 5, 6], "4-2"),
        ("<b>x</b>,comments", "comments", None, [1, 2, 3, 4, 5, 6], "<b>x</b>"),
    ],
)
def test_link_sets_data_language_and_steps(link, data, language, steps, problem):
    found = plan.read(link, data=["faces", "comments"], languages=["en", "de"])
    assert found == {"data": data, "language": language, "steps": steps, "problem": problem}


def test_other_data_keep_language_and_steps():
    found = plan.read("faces,de,2-3", data=["faces", "comments"], languages=["en", "de"])
    again = plan.read(plan.write(found, "comments"), data=["faces", "comments"], languages=["en", "de"])
    assert again == {**found, "data": "comments"}


def test_page_sends_what_the_script_expects(open_page, monkeypatch):
    monkeypatch.setenv("FAIRPROG_ASSETS", str(DEMOS.parent))
    types = ScriptTypes.read(bundle.script())
    for link, key in {"": "faces", "comments": "comments"}.items():
        page = open_page("lesson", lesson=link)
        assert not page.exception
        [(script, data)] = sent(page)
        assert script == "lesson"
        assert data["study"]["key"] == key
        assert list(types.faults(data, types.root)) == []


def test_page_without_shipped_studies_says_so(open_page):
    page = open_page("lesson")
    assert not page.exception
    assert page.info
