"""What runs behind the tests: commands that take long and need nobody, at a low priority.

Most tests keep one core busy and wait in between, so that what is only to be looked at in the end
may have run meanwhile.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

NICE = 10  # the tests go first
TIDY_SECONDS = 20  # for what is interrupted to end what it has started


class Behind:
    """Commands that run one after the other until somebody waits, then all that are left at once.

    Args:
        commands: by name, in order; none may need another.
        folder: where they run.
        env: their environment.
    """

    def __init__(
        self, commands: Mapping[str, Sequence[str]], folder: Path, env: Mapping[str, str]
    ) -> None:
        self._folder, self._env = folder, dict(env)
        self._turns = threading.Semaphore(1)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False
        self._pool = ThreadPoolExecutor(max(1, len(commands)), "tests-behind")
        self._ran: dict[str, Future[subprocess.CompletedProcess[str]]] = {
            name: self._pool.submit(self._run, command) for name, command in commands.items()
        }

    def wait(self, name: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """How a command ended and what it printed.

        Raises:
            TimeoutError: it has not ended within `seconds`.
        """
        self._turns.release(len(self._ran))  # there is nobody to be disturbed any more
        return self._ran[name].result(seconds)

    def end(self) -> None:
        """Interrupt what runs, begin nothing more."""
        with self._lock:
            self._ended = True
            for process in self._running:
                process.send_signal(signal.SIGINT)
        self._turns.release(len(self._ran) + 1)
        wait(self._ran.values(), TIDY_SECONDS)
        with self._lock:
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self._pool.shutdown()

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        with self._turns:
            with self._lock:
                if self._ended:
                    return subprocess.CompletedProcess(command, -1, "", "not begun")
                process = subprocess.Popen(
                    ["nice", "-n", str(NICE), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    cwd=self._folder,
                    env=self._env,
                    start_new_session=True,  # so that it can be ended with its children
                )
                self._running.add(process)
            out, errors = process.communicate()
            with self._lock:
                self._running.discard(process)
            return subprocess.CompletedProcess(command, process.returncode, out, errors)


def clean_environment(home: Path, root: Path) -> dict[str, str]:
    """Ours without what connects this process, for one that begins anew on a data home."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FIFTYONE_", "WORKBENCH_"))}
    return {**kept, "WORKBENCH_HOME": str(home), "PYTHONPATH": str(root)}
