"""The command line: `workbench demo | lab | doctor`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench import __version__

_LAB = """\
Open the first notebook, 01_flywheel.ipynb, in JupyterLab.

It is copied to ./workbench-notebooks/ first, in a clone of the repository too: the copy is yours
to change and to save with its outputs, and a later version of workbench does not touch it. Where
the copy is already there, it is opened as you left it; remove or rename it to start afresh.

Further options go to JupyterLab as they are: workbench lab --port 9000 --no-browser"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, without the program's name; by default the process's own.

    Returns:
        The exit code.
    """
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # Each command imports what it runs: the others, and --help, stay immediate.
    if arguments.command == "demo":
        from workbench.teaching.demo import main as demo

        return demo(rest)
    if arguments.command == "lab":
        return _lab(rest, in_place=arguments.in_place)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "doctor":
        from workbench.doctor import examine, print_report

        return print_report(examine())
    parser.print_help()
    return 0


def _lab(options: Sequence[str], *, in_place: bool) -> int:
    """Replace this process by JupyterLab; return only when there is no notebook to open."""
    from workbench.launch import lab_command, original, own_copy

    try:
        notebook = original() if in_place else own_copy(Path.cwd())
    except OSError as error:
        print(f"workbench lab: the notebook could not be put in place: {error}", file=sys.stderr)
        return 1
    print(f"opening {notebook}", flush=True)
    command = lab_command(notebook, options)
    os.execv(
        command[0], command
    )  # signals, Ctrl-C and the exit code are JupyterLab's own from here


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="workbench", description="The vision-AI flywheel inside a Jupyter notebook."
    )
    parser.add_argument("--version", action="version", version=f"workbench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    # The demo knows its own options, and prints its own help.
    commands.add_parser(
        "demo", help="spin the flywheel on real images, here in the terminal", add_help=False
    )
    lab = commands.add_parser(
        "lab",
        help="open the first notebook in JupyterLab",
        description=_LAB,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # what merely begins like an option of ours may be one of JupyterLab's
    )
    lab.add_argument(
        "--in-place",
        action="store_true",
        help="open the original, no copy: for those who work on the notebook itself",
    )
    commands.add_parser("doctor", help="what works on this machine, and how to mend the rest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
