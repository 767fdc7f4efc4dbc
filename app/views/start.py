"""Start: what this is, in three sentences and one living picture."""

import streamlit as st

from app import chrome, demo
from app.components import living_picture
from app.wording import start as words

chrome.header(words.TITLE, words.LEAD)
if st.button(words.BUTTON, type="primary", key="to_train", help=words.BUTTON_HELP):
    st.switch_page("views/train.py")
st.space("small")

picture = demo.living_picture()
if picture is None:
    st.info(words.NO_DEMO)
else:
    living_picture.show(picture, key="living_picture")
