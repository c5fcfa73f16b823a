"""Boxes that were acknowledged survive kills, and none is written by half."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from tests.dataset.kernels import Kernel, kill_server, server, until
from tests.dataset.pictures import write_digits

_DRAW = """
def draw(count):
    from workbench.dataset.boxes import Box, box_id
    for number in range(count):
        box = Box(box_id(), "cat", number / 1000, 0.1, 0.2, 0.3)
        bench.labels.draw(image, [(None, box)])
        with open(acknowledged, "a") as stream:
            print(box.id, file=stream, flush=True)
"""


@pytest.fixture
def kernels():
    """Kernels on a home of their own, whose server may be killed; how to make one more."""
    made = []
    with tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp") as folder:
        home = Path(folder).resolve() / "home"
        write_digits(home.parent / "photos", range(3))

        def start():
            kernel = Kernel(home)
            kernel.home, kernel.acknowledged = home, home.parent / "acknowledged"
            made.append(kernel)
            kernel.ask("import workbench as wb")
            photos = str(home.parent / "photos")
            kernel.ask(
                f"bench = wb.open('b', images={photos!r}, task='detection', classes=['cat'])"
            )
            kernel.ask("image = bench.dataset.first().id")
            kernel.ask(f"acknowledged = {str(kernel.acknowledged)!r}")
            kernel.ask(_DRAW)
            return kernel

        yield start
        for kernel in made:
            kernel.kill()
        kill_server(home)


def running_server(home):
    """What is known of the server; None while it is being started again."""
    try:
        return server(home)
    except FileNotFoundError:
        return None


def acknowledged(kernel):
    there = kernel.acknowledged
    return there.read_text().split() if there.exists() else []


def drawn(kernel):
    """Ids of the boxes on the image, and of those that the history says were drawn."""
    on_image = "[b['id'] for b in [x.to_plain() for x in bench.queue.item(image).label]]"
    in_history = "[c[1]['id'] for e in bench.labels.events for c in e.changes]"
    return kernel.ask(on_image), kernel.ask(in_history)


def test_no_box_is_lost_when_the_server_is_killed_while_boxes_are_drawn(kernels):
    kernel = kernels()
    kernel.send("draw(60)")
    for wanted in (10, 30):
        until(lambda: len(acknowledged(kernel)) >= wanted)  # noqa: B023 - called at once
        running = until(lambda: running_server(kernel.home))
        os.kill(running["mongod"], signal.SIGKILL)
    kernel.receive()
    there, told = drawn(kernel)
    assert there == told == acknowledged(kernel)
    assert len(there) == 60


def test_no_box_is_half_there_when_the_kernel_is_killed(kernels):
    kernel = kernels()
    kernel.send("draw(1000)")
    until(lambda: len(acknowledged(kernel)) >= 20)
    kernel.kill()
    other = kernels()
    there, told = drawn(other)
    assert there == told
    assert there[: len(acknowledged(kernel))] == acknowledged(kernel)
    while other.ask("bench.labels.undo() is not None"):
        pass
    assert other.ask("bench.queue.item(image).label") in (None, [])
