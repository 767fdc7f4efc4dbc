"""Choose what is compared: runs, criterion, methods, and the one that the others are compared with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from app import session
from app.artifacts import Choice
from app.charts.theme import SYMBOLS
from app.components import run_picker
from app.series import kind
from app.wording import common, inside
from app.wording import duel as words
from fairprog_core.duel import Contender, contenders

N_MOST = len(SYMBOLS)  # what one chart can tell apart


class Picked(NamedTuple):
    """What was chosen: contenders, their names on the screen, and the index of the one to compare with."""

    contenders: list[Contender]
    names: dict[str, str]
    against: int


def show(value: Sequence[str], *, key: str) -> Picked | None:
    """Draw the choices; None, with a sentence that says what to do, where there is nothing to compare.

    Args:
        value: ids of the runs that are selected so far.
        key: beginning of the widgets' keys.
    """
    first, second, third = st.columns([5, 3, 4])
    with first:
        choices = run_picker.show_several(value, key=f"{key}-runs")
    if not choices:
        return None
    session.compare_runs(choices[0].run, [choice.run for choice in choices])
    found = contenders({choice.run: run_picker.result_of(choice) for choice in choices})
    criterion = _criterion(second, found, key=f"{key}-criterion")
    found = [each for each in found if each.curves[0]["criterion"] == criterion]
    names = _names(found, choices)
    picked = _methods(found, names, key=f"{key}-{criterion}-methods")
    if not picked:
        st.info(words.PICK_METHODS)
        return None
    against = _against(third, picked, names, key=f"{key}-{criterion}-against")
    return Picked(picked, names, against)


def _criterion(where: st.delta_generator.DeltaGenerator, found: Sequence[Contender], *, key: str) -> str:
    offered = list(dict.fromkeys(str(each.curves[0]["criterion"]) for each in found))
    wanted = session.remembered(session.CRITERION)
    start = wanted if wanted in offered else offered[0]
    picked = where.selectbox(words.CRITERION, offered, offered.index(start), format_func=common.kind, key=key)
    session.remember(session.CRITERION, picked)
    return picked


def _methods(found: Sequence[Contender], names: Mapping[str, str], *, key: str) -> list[Contender]:
    by_key = {each.key: each for each in found}
    wanted = [one for one in (session.remembered(session.METHODS) or "").split(",") if one in by_key]
    start = (wanted or list(by_key))[:N_MOST]
    picked = st.multiselect(
        words.METHODS, list(by_key), start, format_func=names.__getitem__, max_selections=N_MOST, key=key,
        help=words.TOO_MANY.format(n=N_MOST),
    )  # fmt: skip
    session.remember(session.METHODS, ",".join(picked) or None)
    return [by_key[one] for one in picked]


def _against(
    where: st.delta_generator.DeltaGenerator, picked: Sequence[Contender], names: Mapping[str, str], *, key: str
) -> int:
    keys = [each.key for each in picked]
    wanted = session.remembered(session.AGAINST)
    start = wanted if wanted in keys else keys[0]
    chosen = where.selectbox(words.AGAINST, keys, keys.index(start), format_func=names.__getitem__, key=key)
    session.remember(session.AGAINST, chosen)
    return keys.index(chosen)


def _names(found: Sequence[Contender], choices: Sequence[Choice]) -> dict[str, str]:
    """The trigger or method of each contender, behind its run's name where two have the same."""
    runs = {choice.run: choice.name for choice in choices}
    kinds = Counter(kind(each.curves[0]) for each in found)
    return {
        each.key: inside.in_run(runs[each.run] if kinds[own] > 1 else "", common.kind(own))
        for each in found
        for own in (kind(each.curves[0]),)
    }
