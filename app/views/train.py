"""Train: choose a study and start it, or watch a run."""

import streamlit as st

from app.components.train import command_line, data_card, first_look, needs_table, study_form, study_plan
from app.components.train.choose import cards, plotly_ahead, quick
from app.components.train.watch import run_watch
from app.state import own_data, run_store, session
from app.widgets import confirm, page
from app.wording import train as words
from app.wording.shared import common
from fairprog_core.common.errors import ConfigError

PRESET = cards.FACES


def choose() -> None:
    """Draw the cards; below them the choices on the left, and on the right the plan and the button Train."""
    page.header(words.TITLE, words.LEAD)
    _active_runs()
    key = f"{session.FORM}.preset"
    preset = cards.show(study_form.chosen_preset(PRESET, key=key), key="card", chosen=study_form.preset_key(key))
    form, panel = st.columns([1.9, 1], gap="large")
    with form:
        start, draft = study_form.begin(preset, key=session.FORM)
        with st.container(key="choices"):
            quick.show(start, key=draft)
        with st.expander(words.EXPERT):
            preset = study_form.preset(PRESET, key=key)
            found = study_form.show(preset, key=session.FORM)
    study = None if isinstance(found, ConfigError) else found
    with panel, st.container(border=True, key="study_panel"):
        if isinstance(found, ConfigError):
            st.error(common.plain(str(found)))
        else:
            study_plan.show(found, key="plan")
        pressed = st.button(words.TRAIN, type="primary", key="train", width="stretch", disabled=study is None)
        st.caption(words.TRAIN_HELP)
        if study is not None:
            command_line.show(study, preset=None if preset == study_form.OWN else preset, key="command_line")
    plotly_ahead.show(key="plotly_ahead")
    if study is not None:
        st.space("small")
        first_look.show(study, key="first_look")
        needs_table.show(study.methods, key="needs")
        data_card.show(study.dataset, key="data_card")
        if pressed:
            with panel:
                confirm.attempt(lambda: run_store.submit(study, sizes=own_data.sizes(study)))


def _active_runs() -> None:
    """Draw a line with a link for every active run."""
    for run in run_store.active_runs():
        with st.container(horizontal=True, vertical_alignment="center", key=f"under_way_{run.id}"):
            st.markdown(words.UNDER_WAY.format(name=common.plain(run.name), state=common.STATES[run.state].lower()))
            if st.button(words.WATCH, key=f"watch.{run.id}"):
                session.select_run(run.id)
                st.rerun()


run_id = run_store.watched_run()
if run_id is None:
    run_store.warm_up()
    choose()
else:
    run_watch.show(run_id, key="watch")
