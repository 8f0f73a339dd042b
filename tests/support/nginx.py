"""nginx with deploy/nginx.conf, in front of servers that a test started."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.certificates import Certificate, certificate_for
from tests.support.debian_program import NGINX, NoProgram
from tests.support.ports import free_port
from tests.support.site import ROOT, Server, launch
from tests.support.waiting import START_SECONDS, wait_for

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
NAME = "console.example.com"
BEHIND: dict[str, Any] = {"ALLOWED_HOSTS": f"{NAME},127.0.0.1", "HITL_TRUSTED_PROXIES": "127.0.0.1"}
"""The settings of servers behind it."""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""What nginx makes folders for, where it was compiled for unless it is told."""


class Nginx(Server):
    """A running nginx; to a test it is a server that speaks TLS."""

    def __init__(self, program: Path, upstreams: Sequence[Server], **changes: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nginx-", dir=os.environ["HITL_VAR"]))
        self._folder.chmod(0o755)  # as root, its workers run as another user
        self.port, self.plain_port = free_port(), free_port()
        self.certificate = self._certify()
        self._upstreams = upstreams
        self.configure(**changes)
        log = self._folder / "log"
        super().__init__(self.port, launch(self._command(program), dict(os.environ), log), log)
        self.origin = f"https://127.0.0.1:{self.port}"
        self.ws = f"wss://127.0.0.1:{self.port}/hitl/ws"

    def _certify(self) -> Certificate:
        made = certificate_for([NAME])
        (self._folder / "tls").mkdir()
        (self._folder / "tls" / "fullchain.pem").write_bytes(made.certificate)
        (self._folder / "tls" / "privkey.pem").write_bytes(made.key)
        return made

    @property
    def authority(self) -> Path:
        """Return the file with the certificate that its clients must trust."""
        return self._folder / "tls" / "fullchain.pem"

    def configure(self, **changes: str) -> None:
        """Write the configuration; `changes` replace its directives of these names."""
        text = CONFIGURATION.read_text()
        ports = [server.origin.rpartition(":")[2] for server in self._upstreams]
        for old, new in {
            "web1:8003": f"127.0.0.1:{ports[0]}",
            "web2:8003": f"127.0.0.1:{ports[-1]}",
            "listen 8443": f"listen 127.0.0.1:{self.port}",
            "listen 8080": f"listen 127.0.0.1:{self.plain_port}",
            "\nhttp {": "\nhttp {" + "".join(map(self._temporary_folder, TEMPORARY)),
        }.items():
            text = _replaced(text, old, new)
        for name, value in changes.items():
            [line] = [line for line in text.splitlines() if line.strip().startswith(f"{name} ")]
            text = _replaced(text, line, f"{name} {value};")
        (self._folder / "nginx.conf").write_text(text)

    def _temporary_folder(self, name: str) -> str:
        return f"\n  {name}_temp_path {self._folder}/{name};"

    def _command(self, program: Path) -> list[str]:
        directives = f"daemon off; pid {self._folder}/pid;"
        place = ["-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]
        return [str(program), *place, "-e", "stderr", "-g", directives]

    # -- Its processes ------------------------------------------------------------------------

    def workers(self) -> set[psutil.Process]:
        return set(psutil.Process(self.process.pid).children())

    def reload(self) -> set[psutil.Process]:
        """Read the configuration again; return the old workers once new ones are there."""
        old = self.workers()
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.workers() - old, "nginx to start other workers", START_SECONDS)
        return old

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(START_SECONDS)


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, f"nginx.conf has no {old!r}"
    return text.replace(old, new)


@contextlib.contextmanager
def nginx_before(*upstreams: Server, **changes: str) -> Iterator[Nginx]:
    """Run nginx before one or two servers, and let clients of this process trust it.

    Skip the test if there is no nginx.
    """
    program = obtain()
    running = Nginx(program, upstreams, **changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(running.authority))
        try:
            wait_for(lambda: _answers(running), "nginx to answer", START_SECONDS)
            yield running
        finally:
            running.stop()


def obtain() -> Path:
    try:
        return NGINX.obtain()
    except NoProgram as error:
        pytest.skip(str(error))


def _answers(running: Nginx) -> bool:
    assert running.process.poll() is None, running.printed()
    return running.answers()
