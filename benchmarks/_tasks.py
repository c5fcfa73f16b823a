"""What the processes of `benchmarks._processes` do; nothing is imported before it is measured.

A task says lines of JSON. One that is a generator may say `{}`: that it is ready for its next
step, for which it then waits.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Said = dict[str, Any]

# What `import workbench` must leave alone: it takes seconds, or megabytes.
HEAVY = {
    *("IPython", "PIL", "anywidget", "fiftyone", "hypercorn", "ipycanvas", "ipywidgets"),
    *("matplotlib", "numpy", "pandas", "pymongo", "requests", "scipy", "sklearn", "timm", "torch"),
    *("torchvision", "tqdm"),
}
DISPLAY_SIDE = 1024  # pixels that the page asks for


def import_workbench() -> Said:
    """Time `import workbench`, and say what heavy modules came with it."""
    started = time.perf_counter()
    import workbench  # noqa: F401

    seconds = time.perf_counter() - started
    return {"seconds": seconds, "heavy": sorted(HEAVY & set(sys.modules))}


def import_fiftyone() -> Said:
    """Time `import fiftyone`."""
    started = time.perf_counter()
    import fiftyone  # noqa: F401

    return {"seconds": time.perf_counter() - started}


def open_to_first_image(name: str) -> Said:
    """Time from the first import to the bytes of the first image that the widget sends."""
    started = time.perf_counter()
    import workbench as wb

    bench = wb.open(name)
    opened = time.perf_counter()
    widget = bench.label()
    sent = _listen(widget)
    widget._handle_custom_msg({"type": "hello"}, [])
    first = next(message for message in sent() if message["type"] == "state")["queue"][0]
    question = {"type": "image", "sample": first["id"], "side": DISPLAY_SIDE}
    widget._handle_custom_msg(question, [])
    image = next(message for message in sent() if message["type"] == "image")
    if "error" in image:
        raise RuntimeError(image["error"])
    ended = time.perf_counter()
    return {"seconds": ended - started, "open": opened - started, "bytes": image["bytes"]}


def _listen(widget: Any) -> Callable[[], Iterator[Said]]:
    """Stand in for the page: collect what the widget sends, and wait for it where need be."""
    messages: list[Said] = []
    news = threading.Condition()

    def receive(content: Said, buffers: list[bytes] | None = None) -> None:
        with news:
            messages.append({**content, "bytes": sum(map(len, buffers or []))})
            news.notify()

    def sent() -> Iterator[Said]:
        while True:
            with news:
                if not news.wait_for(lambda: bool(messages), timeout=60):
                    raise TimeoutError("the widget does not answer")
                message = messages.pop(0)
            yield message

    widget.send = receive
    return sent


def fill(folder: str, labels: str) -> Iterator[Said]:
    """Make the benchmark's dataset, then keep the server running, as another notebook would."""
    from pathlib import Path

    from benchmarks import _home
    from workbench.dataset.connection import connect

    _home.fill(connect().home, Path(folder), int(labels))
    yield {"uri": connect().uri}
    yield {}


def inspect_app(name: str) -> Iterator[Said]:
    """Open a bench; then `bench.inspect()`, timed, as often as asked."""
    import workbench as wb
    from workbench.app import session

    bench = wb.open(name)
    while True:
        yield {}
        started = time.perf_counter()
        bench.inspect()
        seconds = time.perf_counter() - started
        assert session._current is not None
        yield {"seconds": seconds, "address": session._current.address}


def launch_app(name: str) -> Iterator[Said]:
    """Load a dataset; then FiftyOne's own `launch_app`, timed."""
    import fiftyone as fo

    dataset = fo.load_dataset(name)
    yield {}
    started = time.perf_counter()
    session = fo.launch_app(dataset, auto=False)
    yield {"seconds": time.perf_counter() - started, "address": session.url}
    yield {}


def commit_on(name: str, seed: str) -> Iterator[Said]:
    """Label images as fast as it goes, for ever, saying each label that was acknowledged."""
    import numpy as np

    import workbench as wb
    from workbench.errors import WorkbenchError

    bench = wb.open(name, annotator=f"stream {seed}")
    rng = np.random.default_rng(int(seed))
    samples = bench.dataset.values("id")
    yield {}
    while True:
        for sample in rng.permutation(samples):
            label = str(rng.choice(bench.classes))
            try:
                event = bench.labels.commit(str(sample), label, seconds=1.0).event
            except WorkbenchError as error:
                yield {"error": str(error)}
            else:
                said = {"sample": event.sample_id, "event": event.id, "label": label}
                yield {**said, "at": time.monotonic()}


def pick_once(*arguments: str) -> Said:
    """Time a batch that is picked; `_picking.pick_once` says of what."""
    from benchmarks._picking import pick_once

    return pick_once(*arguments)


TASKS: dict[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (
        import_workbench,
        import_fiftyone,
        open_to_first_image,
        fill,
        inspect_app,
        launch_app,
        commit_on,
        pick_once,
    )
}


def main(task: str, *arguments: str) -> None:
    """Run a task."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    said = TASKS[task](*arguments)
    for each in said if isinstance(said, Iterator) else [said]:
        # One write a line and no buffer in between: said is said, whatever happens next.
        os.write(answers, json.dumps(each).encode() + b"\n")
        if not each and not sys.stdin.readline():
            return  # whoever started us has ended


if __name__ == "__main__":
    main(*sys.argv[1:])
