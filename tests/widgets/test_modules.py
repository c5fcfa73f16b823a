"""Linking ES modules into one."""

from pathlib import Path

import pytest

from workbench.widgets._modules import link

STATIC = Path(__file__).parents[2] / "workbench" / "widgets" / "static"


def write(folder, **modules):
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "entry.js"


def test_modules_come_in_the_order_of_their_imports_each_once(tmp_path):
    entry = write(
        tmp_path,
        entry='import { a } from "./a.js";\nimport {\n    b,\n} from "./b.js";\nexport default { a, b };\n',
        a='import { b } from "./b.js";\nexport const a = b + 1;\n',
        b="export function b() {}\n",
    )
    text = link(entry)
    assert text.index("function b") < text.index("const a") < text.index("export default")
    assert text.count("function b") == 1
    assert "import" not in text
    assert text.count("export") == 1


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            {"entry": 'import { x } from "./a.js";\nconst x = 1;\n', "a": "export const x = 2;\n"},
            "x is declared",
        ),
        ({"entry": 'import { x as y } from "./a.js";\n', "a": ""}, "without renaming"),
        ({"entry": 'import x from "https://elsewhere/x.js";\n'}, "cannot link"),
        (
            {"entry": 'import { a } from "./a.js";\n', "a": 'import { e } from "./entry.js";\n'},
            "circle",
        ),
    ],
)
def test_what_cannot_be_linked_is_refused(tmp_path, modules, message):
    with pytest.raises(ValueError, match=message):
        link(write(tmp_path, **modules))


def test_the_widget_links():
    text = link(STATIC / "labelling.js")
    assert text.count("export default") == 1
    assert "createWorklist" in text
