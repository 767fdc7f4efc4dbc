"""Choose what is compared: runs, criterion, methods, and the one that the others are compared with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from app.charts.theme import SYMBOLS
from app.components import run_picker
from app.state import session
from app.wording import head_to_head as words
from app.wording.shared import common, inside
from fairprog_core.results.head_to_head import Candidate, candidates
from fairprog_core.results.result import Result

N_MOST = len(SYMBOLS)  # what one chart can tell apart


class Picked(NamedTuple):
    """What was chosen.

    Attributes:
        results: of the runs, by id.
        runs: names of the runs on the screen, by id.
        criterion: its registry key.
        contenders: those that are compared; may be empty.
        names: of the contenders on the screen, by key.
        against: index of the one to compare with.
    """

    results: dict[str, Result]
    runs: dict[str, str]
    criterion: str
    candidates: list[Candidate]
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
    results = {choice.run: run_picker.result_of(choice) for choice in choices}
    everyone = candidates(results)
    if not everyone:
        st.info(words.NO_METHOD)
        return None
    criterion = _criterion(second, everyone, key=f"{key}-criterion")
    found = [each for each in everyone if each.curves[0].criterion == criterion]
    runs, stamp = {choice.run: choice.name for choice in choices}, "-".join([key, criterion, *results])
    names = _names(found, runs)
    picked = _methods(found, names, everyone, key=f"{stamp}-methods")
    if not picked:
        st.info(words.PICK_METHODS)
    against = _against(third, picked, names, key=f"{stamp}-against") if picked else 0
    return Picked(results, runs, criterion, picked, names, against)


def _criterion(where: st.delta_generator.DeltaGenerator, found: Sequence[Candidate], *, key: str) -> str:
    offered = list(dict.fromkeys(str(each.curves[0].criterion) for each in found))
    wanted = session.remembered(session.CRITERION)
    start = wanted if wanted in offered else offered[0]
    picked = where.selectbox(words.CRITERION, offered, offered.index(start), format_func=common.kind, key=key)
    session.remember(session.CRITERION, picked)
    return picked


def _methods(
    found: Sequence[Candidate], names: Mapping[str, str], everyone: Sequence[Candidate], *, key: str
) -> list[Candidate]:
    """The chosen ones of one criterion; what was chosen for the others stays remembered."""
    by_key, criterion = {each.key: each for each in found}, str(found[0].curves[0].criterion)
    runs = list(dict.fromkeys(each.run for each in everyone))
    wanted, of_runs = session.chosen_methods(criterion, runs)
    others = [key for key in wanted if key not in by_key and key in {each.key for each in everyone}]
    start = _start(by_key, wanted, of_runs)
    picked = st.multiselect(
        words.METHODS, list(by_key), start, format_func=names.__getitem__, max_selections=N_MOST, key=key,
        help=words.TOO_MANY.format(n=N_MOST),
    )  # fmt: skip
    if len(by_key) > N_MOST:
        st.caption(words.TOO_MANY.format(n=N_MOST))
    session.choose_methods(criterion, [*picked, *others], runs)
    return [by_key[one] for one in picked]


def _start(found: Mapping[str, Candidate], wanted: Sequence[str], of_runs: Sequence[str]) -> list[str]:
    """What was chosen before, and everything of the runs that were added since; all where nothing was chosen.

    Where not all fit, those that learned from all of the tuning data come first.
    """
    known = [key for key in wanted if key in found]
    added = [key for key, each in found.items() if each.run not in of_runs and key not in known]
    if known:
        return [*known, *added][:N_MOST]
    whole = [key for key, each in found.items() if each.curves[0].is_whole]
    return (list(found) if len(found) <= N_MOST or not whole else whole)[:N_MOST]


def _against(
    where: st.delta_generator.DeltaGenerator, picked: Sequence[Candidate], names: Mapping[str, str], *, key: str
) -> int:
    keys = [each.key for each in picked]
    wanted = session.remembered(session.AGAINST)
    start = wanted if wanted in keys else keys[0]
    chosen = where.selectbox(words.AGAINST, keys, keys.index(start), format_func=names.__getitem__, key=key)
    session.remember(session.AGAINST, chosen)
    return keys.index(chosen)


def _names(found: Sequence[Candidate], runs: Mapping[str, str]) -> dict[str, str]:
    """The trigger or method of each contender and its share, behind its run's name where two have the same."""
    short = {each.key: words.name(each.curves[0].name, each.curves[0].tuning_ratio) for each in found}
    times = Counter(short.values())
    return {
        each.key: inside.in_run(runs[each.run] if times[short[each.key]] > 1 else "", short[each.key]) for each in found
    }
