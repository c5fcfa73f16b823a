"""Fail when a notebook was committed with outputs or execution counts.

Outputs make diffs unreadable and can carry what was on somebody's screen:

    python scripts/check_notebooks.py [NOTEBOOK ...]
"""

import json
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def complaints(notebook: Path) -> list[str]:
    """What a notebook carries that it should not, one line each."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found = []
    for number, cell in enumerate(cells):
        if cell.get("outputs"):
            found.append(f"{notebook.name}: cell {number} has outputs")
        if cell.get("execution_count") is not None:
            found.append(f"{notebook.name}: cell {number} has an execution count")
    return found


def main(arguments: list[str]) -> int:
    """Check the notebooks named, or all that are committed; 1 when there is a complaint."""
    notebooks = [Path(name) for name in arguments] or sorted(NOTEBOOKS.glob("*.ipynb"))
    found = [line for notebook in notebooks for line in complaints(notebook)]
    if found:
        found.append("clear them: Edit > Clear Outputs of All Cells, then save")
    sys.stderr.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
