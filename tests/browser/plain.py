"""A widget in a plain page, with a kernel that is a list of what it was sent: no notebook.

What is shown, how it is laid out and what hands do to it needs no kernel. What it says is real
otherwise: the module as the notebook gets it, its styles, real images.

    with Plain(lab, [(path, {"width": 64, "height": 64})]) as plain:
        plain.hear(state([0, 1]))
        plain.page.keyboard.press("1")
        plain.ops()
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.browser.lab import Lab
from tests.browser.page import PATIENCE
from workbench.widgets._modules import link

STATIC = Path(__file__).parents[2] / "workbench" / "widgets" / "static"
START = """async ([module, style, pictures]) => {
    const address = URL.createObjectURL(new Blob([module], {type: 'text/javascript'}));
    const {default: widget} = await import(address);
    document.head.append(Object.assign(document.createElement('style'), {textContent: style}));
    const decoded = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const kept = pictures.map(({bytes, ...info}) => [decoded(bytes), info]);
    const traits = {height: 520, shortcuts: {}, layers: null, layer_of: '-', _control: false};
    const listeners = {};
    window.sent = [];
    const viewed = bytes => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    window.hear = (message, buffers = []) => listeners['msg:custom'](message, buffers.map(viewed));
    // Pictures are answered by themselves, as the kernel's threads do; all else is the test's affair.
    const of = sample => kept[(parseInt(sample, 16) || 0) % kept.length];
    const answers = {
        image: ({sample}) => hear({type: 'image', sample, ...of(sample)[1]}, [of(sample)[0]]),
        thumbs: ({samples}) => hear({type: 'thumbs', samples}, samples.map(sample => of(sample)[0])),
    };
    const model = {
        get: name => traits[name],
        on: (name, listener) => (listeners[name] = listener),
        off: () => {},
        send: message => { sent.push(message); setTimeout(() => answers[message.type]?.(message)); },
    };
    const el = document.body.appendChild(document.createElement('div'));
    await widget.render({model, el});
}"""


WEAR = """variables => {
    document.documentElement.removeAttribute('style'); // what another theme has set
    for (const [name, value] of Object.entries(variables))
        document.documentElement.style.setProperty(`--jp-${name}`, value);
}"""

THEMES = {
    "light": {},  # what the styles fall back to
    "dark": {
        **{"layout-color0": "#111", "layout-color1": "#212121", "border-color2": "#424242"},
        **{"ui-font-color1": "#fff", "ui-font-color2": "#b3b3b3", "brand-color1": "#2196f3"},
        **{"warn-color0": "#ffa726"},
    },
}


def sample_id(number: int) -> str:
    """An id as the database makes them: 24 hexadecimal digits."""
    return f"{number:024x}"


class Plain:
    """A page that shows a widget.

    Args:
        lab: whose browser is used.
        pictures: each as a file and what is told with it (`width`, `height` and so on); the image
            of `sample_id(n)` is picture n, from the first on again when they are used up.
        widget: which one: the name of its module and of its styles.
        context: options of the browser's context, such as `has_touch`.

    Attributes:
        page: Playwright's page.
    """

    def __init__(
        self,
        lab: Lab,
        pictures: Sequence[tuple[Path, dict[str, Any]]],
        widget: str = "labelling",
        **context: Any,
    ) -> None:
        self.page = lab.blank(**context)
        self.page.set_default_timeout(PATIENCE)
        coded = [
            {"bytes": base64.b64encode(path.read_bytes()).decode(), **info}
            for path, info in pictures
        ]
        style = (STATIC / f"{widget}.css").read_text()
        self.page.evaluate(START, [link(STATIC / f"{widget}.js"), style, coded])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()

    def wear(self, scheme: str) -> None:
        """Colour it as in JupyterLab's `light` or `dark` theme, whose variables it reads."""
        self.page.evaluate(WEAR, THEMES[scheme])

    def hear(self, message: dict[str, Any]) -> None:
        """Have the page hear a message of the kernel."""
        self.page.evaluate("message => hear(message)", message)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """What the page has sent of a kind, the oldest first."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "kind => sent.filter(message => message.type === kind)", kind
        )
        return found

    def ops(self) -> list[dict[str, Any]]:
        """The operations that were sent."""
        return [message["op"] for message in self.sent("op")]


def state(
    queue: Sequence[int], classes: Sequence[str] = ("cat", "dog"), **more: Any
) -> dict[str, Any]:
    """What the kernel says when it is asked how things stand, with these images queued."""
    items = [
        {"id": sample_id(n), "name": f"image{n}.png", "batch": 1, "reason": "", "label": None}
        | {"event": "", "note": "", "hints": True}
        for n in queue
    ]
    return {
        **{"type": "state", "mode": "queue", "title": "plain", "dataset": "plain"},
        **{"annotator": "ann", "classes": list(classes), "counts": {}, "guidelines": {}},
        **{"queued": len(items), "queue": items, "instant": False, "curve": []},
        **more,
    }
