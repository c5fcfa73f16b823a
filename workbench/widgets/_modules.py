"""Putting ES modules together without a build step.

anywidget takes one module, the code is better off in several. The modules of a folder that import
each other by `import { name } from "./other.js"` are set one after the other into one, in the order
of their imports; names at the top level have to be unique across them, which is checked.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"\./([\w-]+\.js)";[ \t]*\n', re.MULTILINE)
_OTHER_IMPORT = re.compile(r"^import\b.*$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function\b|const\b|let\b|class\b)", re.MULTILINE)
_TOP_LEVEL = re.compile(
    r"^(?:export )?(?:async )?(?:function|const|let|class)\s+([\w$]+)", re.MULTILINE
)


def link(entry: Path) -> str:
    """One module out of an entry and everything it imports.

    Args:
        entry: the module whose `export default` is the widget.

    Returns:
        The text of the module.

    Raises:
        ValueError: a name is declared in two modules, an import has another form than
            `import { a, b } from "./file.js";`, or imports go round in a circle.
    """
    parts: dict[str, str] = {}
    _collect(entry, parts, ())
    owners: dict[str, str] = {}
    for name, text in parts.items():
        for declared in _TOP_LEVEL.findall(text):
            if declared in owners:
                raise ValueError(f"{declared} is declared in {owners[declared]} and in {name}")
            owners[declared] = name
    return "".join(f"// {name}\n{_EXPORT.sub('', text)}\n" for name, text in parts.items())


def _collect(path: Path, parts: dict[str, str], above: tuple[str, ...]) -> None:
    if path.name in parts:
        return
    if path.name in above:
        raise ValueError(
            f"modules import each other in a circle: {' > '.join([*above, path.name])}"
        )
    text = path.read_text(encoding="utf-8")
    for match in _IMPORT.finditer(text):
        if " as " in match[1]:
            raise ValueError(f"{path.name}: import without renaming, but got {match[0].strip()}")
        _collect(path.parent / match[2], parts, (*above, path.name))
    body = _IMPORT.sub("", text)
    if other := _OTHER_IMPORT.search(body):
        raise ValueError(f"{path.name}: cannot link {other[0]!r}")
    parts[path.name] = body
