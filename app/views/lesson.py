"""Lesson: six steps for a class, on the shipped studies."""

import streamlit as st

from app.components.lesson import widget
from app.presenters.lesson import plan as plans
from app.presenters.lesson import study as studies
from app.state import session
from app.wording import start as words
from app.wording.shared import common, languages
from fairprog_core.common.errors import FairprogError
from fairprog_core.results.run_folder import shipped_demos

runs = {folder.name: run for run, folder in shipped_demos().items()}
texts = languages.languages()
known = [name for name in runs if name in texts[languages.FIRST]]
if not known:
    st.title(common.PAGES["lesson"], anchor=False)
    st.info(words.NO_DEMO)
    st.stop()
plan = plans.read(session.remembered(session.LESSON), data=known, languages=list(texts))
folder = shipped_demos()[runs[plan["data"]]]
try:
    study = studies.of_folder(folder, runs[plan["data"]])
except FairprogError as error:
    st.title(common.PAGES["lesson"], anchor=False)
    st.warning(words.BROKEN_DEMO.format(reason=common.plain(str(error))))
    st.stop()
chosen = widget.show(study, plan, data=known, languages=texts, key="lesson")
if any(chosen):
    plan["language"] = chosen.language or plan["language"]
    session.remember(session.LESSON, plans.write(plan, chosen.data or plan["data"]))
if chosen.data:
    st.rerun()
