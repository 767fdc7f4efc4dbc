"""``fairprog passport``: a trigger of a run with what was measured of it, as a file or as a folder for the hub."""

from pathlib import Path
from typing import Annotated

import typer

from fairprog_core.cli.deploy.sources import CurveOption
from fairprog_core.cli.terminal.console import HomeOption, console, say
from fairprog_core.common.home import user_path
from fairprog_core.runs.exchange.open_result import open_result


def passport(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run: its id, number, name or folder, or a shipped one such as demo.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            parser=user_path,
            metavar="PATH",
            help="A file that ends in .safetensors; or a folder, which also gets a model card and a picture or words.",
        ),
    ],
    curve: CurveOption = "",
    license_id: Annotated[
        str, typer.Option("--license", metavar="ID", help="Of the trigger, for the card, e.g. apache-2.0.")
    ] = "unknown",
    home: HomeOption = None,
) -> None:
    """Write a trigger of a run with what was measured of it, to take it along.

    Says gap and accuracy of the classifier alone and with the trigger, beside the controls.
    """
    from fairprog_core.deploy.passport.card import headline
    from fairprog_core.results.trained import passport_of

    found = passport_of(open_result(run, home)[1], curve)
    if output.suffix == ".safetensors":
        found.save(output)
    else:
        with console().status("Loading torch …"):
            from fairprog_core.deploy.passport.hub import save_pretrained

            save_pretrained(found, output, license_id=license_id)
    say(headline(found.facts))
    say(f"{found.facts.curve}: {output}")
