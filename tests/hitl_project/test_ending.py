"""`make run` ends with everything that it started, whichever process is stopped, and how."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.installations import Installation, installed
from tests.support.signals import heed_signals
from tests.support.site import ROOT
from tests.support.waiting import START_SECONDS, wait_for

MAKEFILE = (ROOT / "Makefile").read_text()
RECIPE = re.search(r"^run:.*\n\t@(.+)$", MAKEFILE, re.MULTILINE)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with installed() as made:
        yield made


@pytest.fixture
def makefile(tmp_path: Path) -> Path:
    """A Makefile with only the recipe of `make run`, for the current Python."""
    assert RECIPE
    recipe = RECIPE[1].replace("$(BIN)/python", sys.executable)
    path = tmp_path / "Makefile"
    path.write_text(f"run:\n\t@{recipe}\n")
    return path


class Run:
    """`make run` of an installation, in its own session; optionally under a shell."""

    def __init__(self, installation: Installation, makefile: Path, *, shell: bool = False) -> None:
        self.installation = installation
        self.log = makefile.with_name("log")
        command = ["make", "-f", str(makefile), "run"]
        if shell:
            command = ["sh", "-c", f"{' '.join(command)}; true"]
        self.terminal, self._end = pty.openpty()
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**installation.environment, "PORT": "0", "WORKERS": self.workers()},
                stdin=self._end,
                stdout=output,
                stderr=output,
                preexec_fn=self._take_terminal,
            )
        os.close(self._end)
        wait_for(self.serves, "the address to be printed", START_SECONDS)

    def workers(self) -> str:
        return "1"

    def _take_terminal(self) -> None:
        """Begin a session, and make the terminal its controlling one."""
        heed_signals()
        os.setsid()
        os.close(os.open(os.ttyname(self._end), os.O_RDWR))

    def serves(self) -> bool:
        printed = self.log.read_text()
        assert self.process.poll() is None, printed
        return "Ctrl-C stops it" in printed

    def serve(self) -> psutil.Process:
        return min(
            (one for one in self.installation.processes() if "serve" in one.cmdline()),
            key=psutil.Process.create_time,
        )

    def make(self) -> psutil.Process:
        return next(one for one in self.installation.processes() if one.name() == "make")

    def hang_up(self) -> None:
        os.close(self.terminal)
        self.terminal = -1

    def is_over(self) -> bool:
        return self.process.poll() is not None and not self.installation.processes()


class TwoWorkers(Run):
    def workers(self) -> str:
        return "2"


@pytest.fixture(params=[Run, TwoWorkers], ids=["one-process", "two-workers"])
def start(request: pytest.FixtureRequest, installation: Installation, makefile: Path) -> Iterator:
    started: list[Run] = []

    def starting(**options: bool) -> Run:
        started.append(request.param(installation, makefile, **options))
        return started[-1]

    yield starting
    for run in started:
        if run.terminal >= 0:
            run.hang_up()
        wait_for(run.is_over, "all to end")


Start = Callable[..., Run]
ONE = pytest.mark.parametrize("start", [Run], indirect=True, ids=["one-process"])
SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL"]


@pytest.mark.parametrize("name", SIGNALS)
def test_signal_to_make_ends_all(start: Start, name: str) -> None:
    run = start()
    run.make().send_signal(signal.Signals[name])
    wait_for(run.is_over, "all to end")
    assert "Traceback" not in run.log.read_text()


@ONE
@pytest.mark.parametrize("name", SIGNALS)
def test_signal_to_serve_ends_all(start: Start, name: str) -> None:
    run = start()
    run.serve().send_signal(signal.Signals[name])
    wait_for(run.is_over, "all to end")
    assert "Traceback" not in run.log.read_text()


@ONE
@pytest.mark.parametrize("name", ["SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"])
def test_signal_to_all_of_the_terminal_ends_all(start: Start, name: str) -> None:
    run = start()
    os.killpg(run.process.pid, signal.Signals[name])
    wait_for(run.is_over, "all to end")
    assert "Traceback" not in run.log.read_text()


def test_closed_terminal_ends_all(start: Start) -> None:
    run = start()
    run.hang_up()
    wait_for(run.is_over, "all to end")
    assert "Traceback" not in run.log.read_text()


@ONE
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_end_of_the_shell_that_ran_make_ends_all(start: Start, name: str) -> None:
    """End it as `su -c` does, with the second signal two seconds after the first."""
    run = start(shell=True)
    assert run.process.pid != run.make().pid
    run.process.send_signal(signal.Signals[name])
    wait_for(run.is_over, "all to end")


def test_killing_everything_but_the_databases_ends_them_too(start: Start) -> None:
    run = start()
    assert len(run.installation.embedded()) >= 2
    for process in (run.make(), run.serve()):
        process.kill()
    wait_for(run.is_over, "all to end")


def test_under_nohup_it_outlives_the_terminal(installation: Installation, makefile: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = Run(installation, makefile)
    finally:
        signal.signal(signal.SIGHUP, before)
    serve = run.serve()
    run.hang_up()
    run.make().kill()
    run.process.wait()
    assert "serve" in serve.cmdline()
    assert serve.is_running()
    serve.terminate()
    wait_for(run.is_over, "all to end")


FINALIZED = """
import os, signal, sys
sys.path.insert(0, {root!r})
import manage

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        for _ in range(10_000):
            pass

def command():
    Finalized()
    while True:
        signal.pause()

manage._run = command
manage.run()
"""


@pytest.mark.fast
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_signal_during_a_finalizer_ends_a_command_all_the_same(name: str) -> None:
    script = FINALIZED.format(root=str(ROOT), name=name)
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        preexec_fn=heed_signals,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 128 + signal.Signals[name]
    assert ended.stderr == ""
