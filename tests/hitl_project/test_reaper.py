"""Interrupted test runs leave no process running, however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reaper import started_by
from tests.support.signals import heed_signals
from tests.support.site import ROOT
from tests.support.waiting import START_SECONDS, wait_for

RUN = """
import tests.support.environment
import os, time
from tests.support.redis_server import RedisServer
from tests.support.site import Site

server = RedisServer()
with Site("empty", source="template1").uvicorn():  # which is enough
    print(os.environ["TEST_RUN"], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("name", ["SIGHUP", "SIGKILL"])
def test_nothing_outlives_tests_that_are_cut_short(name: str) -> None:
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    environment["DJANGO_SETTINGS_MODULE"] = "hitl_project.settings"
    run = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=heed_signals,
        text=True,
    )
    try:
        assert run.stdout
        folder = run.stdout.readline().strip()
        assert folder
        assert Path(folder).is_dir()
        names = [one.name() for one in started_by(folder)]
        assert names.count("valkey-server") >= 2
        assert "postgres" in names
        run.send_signal(signal.Signals[name])
        run.wait(START_SECONDS)
        run.stdout.close()
        wait_for(lambda: not started_by(folder), "all to end", START_SECONDS)
        wait_for(lambda: not Path(folder).exists(), "the folder to be removed")
    finally:
        run.kill()
        run.wait()
