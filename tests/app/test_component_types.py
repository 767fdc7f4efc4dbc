"""What Python sends to a component's script is what the JSDoc types of that script say.

`make check` holds the scripts to these types; here they are held to the dataclasses and to the data of real pages.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from streamlit.testing.v1 import AppTest

from app.models.sentence import Sentence, SentenceRow
from app.models.table import Table, TableCell
from app.widgets.intro import demo as intro_demo
from app.widgets.phrases import Phrase
from app.widgets.pictures import Legend, PictureCard, PictureCell
from app.widgets.sentence_list import Item

SCRIPTS = {path.stem: path for path in Path(__file__).parents[2].joinpath("app", "widgets").glob("*.js")}
DATACLASSES = [
    ("table", Table), ("table", TableCell), ("sentence", Sentence), ("sentence", SentenceRow),
    ("sentence_list", Item), ("phrases", Phrase), ("pictures", PictureCard), ("pictures", PictureCell),
    ("pictures", Legend),
]  # fmt: skip
SIMPLE = {"string": str, "number": (int, float), "boolean": bool, "null": type(None), "unknown": object}
NAMES = {str: "string", int: "number", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class ScriptTypes:
    """The types of one script.

    Attributes:
        fields: by typedef of an object, the type of each of its properties.
        aliases: by any other typedef, the type that it stands for.
        root: the type of the data that the script is called with.
    """

    fields: dict[str, dict[str, str]]
    aliases: dict[str, str]
    root: str

    @classmethod
    def read(cls, text: str) -> "ScriptTypes":
        """The types in the comments of a script."""
        found: dict[str, dict[str, str]] = {}
        aliases: dict[str, str] = {}
        for comment in re.findall(r"/\*\*(.*?)\*/", text, flags=re.DOTALL):
            for kind, name in re.findall(r"@typedef \{(.*?)\} (\w+)\s", comment):
                if kind == "object":
                    found[name] = {key: type_ for type_, key in re.findall(r"@property \{(.*?)\} (\w+)", comment)}
                else:
                    aliases[name] = kind
        return cls(found, aliases, re.findall(r"@param \{Call<(\w+)>\} call", text)[0])

    def faults(self, value: Any, type_: str, place: str = "data") -> Iterator[str]:
        """Where a value from JSON is not of a type."""
        type_ = self.aliases.get(type_, type_)
        record = re.fullmatch(r"Record<string, (.*)>", type_)
        if record and isinstance(value, dict):
            for key, item in value.items():
                yield from self.faults(item, record[1], f"{place}.{key}")
        elif type_.endswith("[]") and isinstance(value, list):
            inner = type_.removesuffix("[]")
            for i, item in enumerate(value):
                yield from self.faults(item, inner.strip("()") if inner.endswith(")") else inner, f"{place}[{i}]")
        elif " | " in type_ and not type_.endswith("]"):
            yield from min((list(self.faults(value, option, place)) for option in type_.split(" | ")), key=len)
        elif type_ in self.fields and isinstance(value, dict):
            expected = self.fields[type_]
            yield from (f"{place}.{key} is not in {type_}" for key in value.keys() - expected.keys())
            yield from (f"{place}.{key} is missing" for key in expected.keys() - value.keys())
            for key in value.keys() & expected.keys():
                yield from self.faults(value[key], expected[key], f"{place}.{key}")
        elif not self._is_simple(value, type_):
            yield f"{place} is {value!r:.40}, not {type_}"

    @staticmethod
    def _is_simple(value: Any, type_: str) -> bool:
        if type_.startswith('"'):
            return bool(value == type_.strip('"'))
        is_bool_as_number = type_ == "number" and isinstance(value, bool)  # to Python, True is an integer
        return isinstance(value, SIMPLE.get(type_, ())) and not is_bool_as_number


def jsdoc(annotation: Any) -> str:
    """A Python type as JSDoc writes it."""
    if get_origin(annotation) is Sequence:
        return f"{jsdoc(get_args(annotation)[0])}[]"
    return NAMES.get(annotation, annotation.__name__)


def sent(page: AppTest) -> Iterator[tuple[str, Any]]:
    """The script of every component of a page, and the data that it was given."""
    for node in page.main:
        if node.type == "bidi_component":
            yield node.proto.component_name.rpartition("fairprog_")[2], json.loads(node.proto.json)[0]


@pytest.mark.parametrize(("script", "cls"), DATACLASSES, ids=lambda value: getattr(value, "__name__", value))
def test_dataclass_has_the_fields_of_its_typedef(script, cls):
    types = ScriptTypes.read(SCRIPTS[script].read_text("utf-8"))
    assert types.fields[cls.__name__] == {name: jsdoc(type_) for name, type_ in get_type_hints(cls).items()}


def test_pages_send_what_the_scripts_expect(open_page, demo, text_demo):
    types = {name: ScriptTypes.read(path.read_text("utf-8")) for name, path in SCRIPTS.items()}
    seen, faults = set(), []
    for view in ("tradeoff", "saliency"):
        for run in ("demo", "demo-comments"):
            page = open_page(view, run=run)
            assert not page.exception
            for script, data in sent(page):
                seen.add(script)
                faults += [f"{script}.js: {fault}" for fault in types[script].faults(data, types[script].root)]
    assert faults == []
    assert seen == SCRIPTS.keys()


@pytest.mark.parametrize(("shipped", "modality"), [("demo", "image"), ("text_demo", "text")])
def test_start_sends_what_its_script_expects(open_page, request, shipped, modality):
    request.getfixturevalue(shipped)
    [(script, data)] = sent(open_page())
    types = ScriptTypes.read(intro_demo.script())
    assert (script, data["modality"]) == ("intro_demo", modality)
    assert list(types.faults(data, types.root)) == []


def test_script_of_several_files_is_one_module():
    """What a component gets has no imports of other files, one export, and no name twice at its top."""
    script = intro_demo.script()
    assert "import " not in script
    assert script.count("\nexport ") == 1
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", script, flags=re.MULTILINE)
    assert len(names) > 20
    assert len(names) == len(set(names))


def test_faults_are_found():
    """One field renamed, one value of another type, one list of another kind; a null only where it is allowed."""
    types = ScriptTypes.read("""
        /**
         * @typedef {object} Chart
         * @property {string} label
         * @property {(number | null)[][]} rows
         * @property {Record<string, Point[]>} points by name
         */
        /** @typedef {object} Point
         *  @property {number} x */
        /** @typedef {Chart | Point} Data */
        /** @param {Call<Data>} call */
    """)
    good = {"label": "a", "rows": [[1, None], []], "points": {"b": [{"x": 0.5}]}}
    assert list(types.faults(good, types.root)) == []
    assert list(types.faults({"x": 1}, types.root)) == []
    bad = {"title": "a", "rows": [[True, "1"]], "points": {"b": [{"x": None}]}}
    assert sorted(types.faults(bad, "Chart")) == [
        "data.label is missing",
        "data.points.b[0].x is None, not number",
        "data.rows[0][0] is True, not number",
        "data.rows[0][1] is '1', not number",
        "data.title is not in Chart",
    ]
