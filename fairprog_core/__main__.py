"""``python -m fairprog_core``: the same as the command ``fairprog``."""

from fairprog_core.cli import main

main()
