"""The form that says what the columns of a table mean; it begins with guesses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.wording import data as words
from app.wording.shared import common
from fairprog_core.common.sharing import sharing
from fairprog_core.data import TableOptions
from fairprog_core.data.table.report import ColumnReport, TableReport

TableValues = dict[str, Any]  # the options of a table as JSON values, by name
SIDES = (32, 64, 96, 128, 160, 224)
_MOST_VALUES = 12  # of a column whose values are offered as the positive label


def show(value: TableReport, path: Path, *, also: str = "", key: str) -> TableValues:
    """Draw the form; the options of the table.

    Args:
        value: what is known of the table; its guesses are the form's beginning.
        path: of the table; each has a draft of its own.
        also: path of a second table that is joined to it; empty: none.
        key: prefix of the widgets' keys.
    """
    st.header(words.COLUMNS_TITLE, anchor=False)
    st.caption(words.COLUMNS_LEAD)
    if value.known:
        st.info(common.plain(value.known))
    draft, values = f"{key}.{path}", TableValues(kind="table", path=str(path))
    if also:
        draft, values = f"{draft}.{also}", values | {"also": also}
    left, right = st.columns(2, gap="large")
    with left:
        values |= _input(value, draft) | _label(value, draft)
    with right:
        values |= _groups(value, draft) | _split(value, draft)
        with st.expander(words.MORE):
            values |= _more(value, draft)
    return values


def _input(value: TableReport, key: str) -> TableValues:
    """The column of the texts or of the pictures; of pictures, their folder and size."""
    guessed = "image" if value.guess.image else "text"
    kind = st.segmented_control(
        words.INPUT, list(words.INPUTS), default=guessed, required=True, format_func=words.INPUTS.__getitem__,
        key=f"{key}.input", persist_state="session",
    )  # fmt: skip
    column = _column(words.INPUT_COLUMN[kind], value, getattr(value.guess, kind), key=f"{key}.{kind}")
    if kind == "text":
        return {"text": column}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        side = st.selectbox(words.SIZE, SIDES, SIDES.index(64), key=f"{key}.side", persist_state="session", width=160)
        root = ""
        if sharing().may_name("folders"):
            root = st.text_input(words.ROOT, key=f"{key}.root", help=words.ROOT_HELP, persist_state="session")
    return {"image": column, "root": root.strip(), "image_size": side}


def _label(value: TableReport, key: str) -> TableValues:
    """The column of the label, and which of its values, or scores, is the positive one."""
    name = _column(words.LABEL, value, value.guess.label, key=f"{key}.label")
    column = _find(value.columns, name)
    known = {"labels": list(value.guess.labels)} if value.guess.labels and name == value.guess.label else {}
    if column is None:
        return {"label": name}
    if column.type == "number":
        start = 0.5 if value.guess.threshold is None else value.guess.threshold
        threshold = st.number_input(
            words.THRESHOLD, value=start, key=f"{key}.{name}.threshold", persist_state="session", width=230
        )
        return {"label": name, "threshold": threshold, **known}
    if known:
        return {"label": name, **known}
    if 2 <= column.n_values <= min(len(column.values), _MOST_VALUES) and column.type == "category":
        offered = sorted(column.values)
        positive = st.selectbox(
            words.POSITIVE, offered, _positive(offered), key=f"{key}.{name}.positive", persist_state="session"
        )
        return {"label": name, "positive": positive}
    return {"label": name}


def _positive(offered: Sequence[str]) -> int:
    """The value that probably counts as a yes: the last one, unless it says no."""
    says_no = ("no", "not", "non", "neg", "polite", "good", "clean", "normal", "neither", "none", "ok", "false", "0")
    places = [place for place, name in enumerate(offered) if not name.lower().startswith(says_no)]
    return places[-1] if places else len(offered) - 1


def _groups(value: TableReport, key: str) -> TableValues:
    """The column of the group, or those of several groups."""
    way = st.segmented_control(
        words.GROUP_WAY, list(words.GROUP_WAYS), default="many" if value.guess.groups else "one", required=True,
        format_func=words.GROUP_WAYS.__getitem__, key=f"{key}.way", persist_state="session",
    )  # fmt: skip
    if way == "one":
        column = _column(words.GROUP_COLUMN, value, value.guess.group, key=f"{key}.group")
        known = value.guess.group_names if column == value.guess.group else ()
        return {"group": column, "group_names": list(known)} if known else {"group": column}
    names = [each.name for each in value.columns]
    found = st.multiselect(
        words.GROUP_COLUMNS, names, list(value.guess.groups), help=words.GROUP_COLUMNS_HELP, key=f"{key}.groups",
        persist_state="session",
    )  # fmt: skip
    return {"groups": found}


def _split(value: TableReport, key: str) -> TableValues:
    names = [each.name for each in value.columns]
    found = st.selectbox(
        words.SPLIT, ["", *names], _place(["", *names], value.guess.split), key=f"{key}.split", help=words.SPLIT_HELP,
        format_func=lambda name: name or words.SPLIT_DRAWN, persist_state="session",
    )  # fmt: skip
    return {"split": found}


def _more(value: TableReport, key: str) -> TableValues:
    names = ["", *(each.name for each in value.columns if each.type in ("number", "category"))]
    weight = st.selectbox(
        words.WEIGHT, names, _place(names, value.guess.weight), key=f"{key}.weight",
        format_func=lambda name: name or words.NO_WEIGHT, persist_state="session",
    )  # fmt: skip
    seed = st.number_input(words.SEED, 0, 2**31 - 1, 0, key=f"{key}.seed", persist_state="session", width=160)
    return {"weight": weight, "seed": seed}


def _column(label: str, value: TableReport, guessed: str, *, key: str) -> str:
    """Draw the choice of one column; its name, empty where none is chosen."""
    names = [each.name for each in value.columns]
    start = names.index(guessed) if guessed in names else None
    found = st.selectbox(
        label, names, start, key=key, placeholder=words.NO_COLUMN, persist_state="session",
        format_func=lambda name: words.column(name, _values(value.columns, name)),
    )  # fmt: skip
    return found or ""


def _values(columns: Sequence[ColumnReport], name: str) -> tuple[str, ...]:
    column = _find(columns, name)
    return column.values if column and column.type in ("category", "truth", "number") else ()


def _find(columns: Sequence[ColumnReport], name: str) -> ColumnReport | None:
    return next((each for each in columns if each.name == name), None)


def _place(names: Sequence[str], wanted: str) -> int:
    return names.index(wanted) if wanted in names else 0


def checked(values: TableValues) -> TableOptions:
    """The options of the table.

    Raises:
        ConfigError: a column is missing, or a choice does not fit; the sentence names it.
    """
    options = TableOptions.parse(values, where=words.THESE_COLUMNS)
    sharing().check(options)
    return options
