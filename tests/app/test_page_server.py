"""The page server stays light: no torch and no pandas for Start, Train and Runs."""

import os
import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
SCRIPT = """
import sys
from streamlit.testing.v1 import AppTest
from fairprog_core.study.load import load_study
from fairprog_core.runs import Owner, Store, launcher
launcher.ensure_workers = lambda home, **_: []
store = Store()
run = store.begin(load_study("faces-quick"), Owner.this_process())
key = load_study("faces-quick").plan()[0].key
store.append(run.id, [{"kind": "train", "curve": key, "step": 1, "steps": 9, "utility_loss": 1.0,
    "fairness_loss": 1.0, "discriminator_accuracy": 0.5, "chance": 0.5}], token=run.token)
def draw(view, query):
    page = AppTest.from_file(sys.argv[1], default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    page.switch_page(f"views/{view}.py")
    page.run()
    assert not page.exception, page.exception
for view, query in (("start", {}), ("runs", {}), ("train", {}), ("train", {"run": run.id})):
    draw(view, query)
print(*(name for name in ("torch", "torchvision", "captum", "pandas", "pyarrow") if name in sys.modules))
draw("tradeoff", {})
from app.server.warm import MODULES
assert sys.modules.keys() >= set(MODULES), set(MODULES) - sys.modules.keys()  # what is imported ahead is needed
"""


def test_pages_before_a_live_explanation_import_no_torch(demo, text_demo):
    command = [sys.executable, "-c", SCRIPT, str(MAIN)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == ""
