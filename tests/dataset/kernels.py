"""Stand-ins for notebook kernels: real processes that can be asked things and be killed."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_LOOP = """
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
scope = {}
for line in sys.stdin:
    try:
        code = json.loads(line)
        try:
            answer = {"value": eval(code, scope)}
        except SyntaxError:
            exec(code, scope)
            answer = {"value": None}
    except BaseException as error:
        traceback.print_exc()
        answer = {"error": type(error).__name__, "text": str(error)}
    answers.write(json.dumps(answer, default=str) + "\\n")
    answers.flush()
"""


class KernelError(Exception):
    """What the code in the kernel raised."""


class Kernel:
    """A process that runs what it is sent, line by line, until it is killed."""

    def __init__(self, home, **environment):
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FIFTYONE_", "WORKBENCH_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", _LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=ROOT,
            env={**clean, "WORKBENCH_HOME": str(home), **environment},
        )

    def send(self, code):
        self.process.stdin.write(json.dumps(code).encode() + b"\n")

    def receive(self, seconds=600):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(seconds), "the kernel does not answer"
        answer = json.loads(self.process.stdout.readline() or '{"error": "Died", "text": ""}')
        if "error" in answer:
            raise KernelError(f"{answer['error']}: {answer['text']}")
        return answer["value"]

    def ask(self, code):
        self.send(code)
        return self.receive()

    def connect(self):
        self.ask("from workbench.dataset.connection import connect")
        self.ask("c = connect()")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def server(home):
    """What the keeper says of the home's server: pids and socket."""
    return json.loads((Path(home) / "run" / "server.json").read_text())


def alive(pid):
    """Whether a process lives; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def until(condition, seconds=120.0):
    """Poll until `condition()` is true and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(0.02)
    return value


def kill_server(home):
    """End a home's server at once, when nothing of it is wanted any longer."""
    try:
        found = server(home)
    except FileNotFoundError:
        return
    for pid in (found["keeper"], found["mongod"]):
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(found["keeper"]) and not alive(found["mongod"]))
