"""What importing the room costs: nothing."""

import subprocess
import sys

HEAVY = ["fiftyone", "pymongo", "hypercorn", "starlette", "torch", "requests", "anywidget"]


def test_importing_the_room_loads_nothing_heavy():
    code = f"import sys, workbench.app; print([n for n in {HEAVY} if n in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_its_names_are_there_when_asked_for(home):
    import workbench.app

    assert [
        name for name in workbench.app.__all__ if not callable(getattr(workbench.app, name))
    ] == []
    assert not hasattr(workbench.app, "no_such_name")
