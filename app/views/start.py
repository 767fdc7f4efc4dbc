"""Start: what this is, and one living picture."""

from app import chrome
from app.wording import start as words

chrome.header(words.TITLE, "")
