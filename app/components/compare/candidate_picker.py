"""Widgets that choose the comparison: runs, criterion, candidates, and the candidate to compare with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from app.charts.theme import SYMBOLS
from app.components import run_picker
from app.state import session
from app.widgets import page
from app.wording import head_to_head as words
from app.wording.shared import common, inside
from fairprog_core.results.head_to_head import Candidate, candidates
from fairprog_core.results.result import Result

N_MOST = len(SYMBOLS)  # candidates in one chart: each has a symbol of its own


class Picked(NamedTuple):
    """The choices.

    Attributes:
        results: of the runs, by id.
        runs: names of the runs on the screen, by id.
        criterion: its registry key.
        candidates: the chosen candidates; may be empty.
        names: of all candidates of the criterion on the screen, by key.
        against: index of the candidate that the others are compared with.
    """

    results: dict[str, Result]
    runs: dict[str, str]
    criterion: str
    candidates: list[Candidate]
    names: dict[str, str]
    against: int


def show(value: Sequence[str], *, key: str) -> Picked | None:
    """Draw the choices; None, with a sentence on what to do, where there is nothing to compare.

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
    """Draw the choice of candidates of one criterion; the choices for other criteria stay remembered."""
    by_key, criterion = {each.key: each for each in found}, str(found[0].curves[0].criterion)
    runs = list(dict.fromkeys(each.run for each in everyone))
    wanted, of_runs = session.chosen_methods(criterion, runs)
    others = [key for key in wanted if key not in by_key and key in {each.key for each in everyone}]
    start = _start(by_key, wanted, of_runs)
    n_first = st.session_state.setdefault(f"{key}-first", len(start))  # a new container would close the open list
    with page.chips(n_first, key=key):
        picked = st.multiselect(
            words.METHODS, list(by_key), start, format_func=names.__getitem__, max_selections=N_MOST, key=key,
            help=words.TOO_MANY.format(n=N_MOST),
        )  # fmt: skip
    if len(by_key) > N_MOST:
        st.caption(words.TOO_MANY.format(n=N_MOST))
    session.choose_methods(criterion, [*picked, *others], runs)
    return [by_key[one] for one in picked]


def _start(found: Mapping[str, Candidate], wanted: Sequence[str], of_runs: Sequence[str]) -> list[str]:
    """The initial choice, at most ``N_MOST``: the remembered candidates, and all of the runs added since.

    Without remembered candidates: those of runs with rivals, else all; or where they are too many, those that learned
    from all of the tuning data.
    """
    known = [key for key in wanted if key in found]
    added = [key for key, each in found.items() if each.run not in of_runs and key not in known]
    if known:
        return [*known, *added][:N_MOST]
    if rivals := {each.run for each in found.values() if each.curves[0].trigger is None}:
        found = {key: each for key, each in found.items() if each.run in rivals}
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
    """The trigger or method of each candidate and its share of tuning data; with the run's name where two are alike.

    Of two that are alike, the one of a run with several methods keeps the short name.
    """
    firsts = {each.key: each.curves[0] for each in found}
    short = {key: words.name(first.name, first.tuning_ratio, first.method) for key, first in firsts.items()}
    rivals = {each.run for each in found if each.curves[0].trigger is None}
    plain = Counter(short[each.key] for each in found if each.run in rivals)
    times = Counter(short.values())

    def is_plain(each: Candidate) -> bool:
        """Whether the name is its own, or the only one of a run that holds several methods."""
        name = short[each.key]
        return times[name] == 1 or (each.run in rivals and plain[name] == 1)

    return {each.key: inside.in_run("" if is_plain(each) else runs[each.run], short[each.key]) for each in found}
