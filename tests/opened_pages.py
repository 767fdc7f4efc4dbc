"""Opens the dashboard's pages in this process, as a browser would by their address.

Streamlit looks for components in all installed packages whenever a page is opened, which takes half a second; here it
looks once per process.
"""

from functools import cache
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"

manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def open_page(name: str = "start", *, timeout: float = 30.0, **query: str | list[str]) -> AppTest:
    """A page by its name; ``query`` are the parameters of its address."""
    page = AppTest.from_file(str(MAIN), default_timeout=timeout)
    page.query_params.update(query)
    if name != "start":
        page.switch_page(f"views/{name}.py")
    return page.run()
