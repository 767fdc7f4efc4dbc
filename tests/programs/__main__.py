"""Finds or installs the programs that tests start, and prints what was found: ``python -m tests.programs``."""

import sys

from tests.programs import chromium, postgres

browser, server = chromium.install(), postgres.install()
print(f"Browser of the tests: {browser}" if browser else chromium.MISSING)
print(f"PostgreSQL of the tests: {server}" if server else postgres.MISSING)
sys.exit(browser is None)
