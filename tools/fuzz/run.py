"""Post what a program may post and request every page of it, while watching the server."""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import psutil

from tests.support.site import Server
from tools.fuzz.inputs import Inputs

MOST_PLAIN_PAGES = 40
"""The processor time that any request may take, in pages of a plain APV."""
PLAIN_VIEWS = 15
KEPT_MIB = 200
"""What the server may keep of it all: caches, pools and what the allocator holds back."""
JSON = {"Content-Type": "application/json"}


@dataclass
class Request:
    """A request: its response, and the processor time that the server used."""

    name: str
    status: int
    seconds: float
    size: int


@dataclass
class Outcome:
    """The measurements."""

    plain: float
    first_mib: float
    seed: int
    requests: list[Request] = field(default_factory=list)
    taken: int = 0
    last_mib: float = 0.0
    ended: float = 0.0

    @property
    def slowest(self) -> Request:
        return max(self.requests, key=lambda one: one.seconds)

    @property
    def largest(self) -> Request:
        return max(self.requests, key=lambda one: one.size)

    def faults(self) -> list[str]:
        """Return the broken promises, in words."""
        failed = [f"{one.name}: {one.status}" for one in self.requests if one.status >= 500]
        slow = [
            f"{one.name}: {one.seconds / self.plain:.0f} plain pages"
            for one in self.requests
            if one.seconds > MOST_PLAIN_PAGES * self.plain
        ]
        grown = self.last_mib - self.first_mib
        memory = [f"{grown:.0f} MiB more than before"] if grown > KEPT_MIB else []
        return failed + slow + memory


class Watched:
    """A server, and its use of the machine."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._process = psutil.Process(server.process.pid)

    def computed(self) -> float:
        """Return the processor seconds of the server and all processes it started."""
        own = self._process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in self._process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        return total

    def mib(self) -> float:
        return float(self._process.memory_info().rss) / 2**20

    def ask(self, name: str, request: httpx.Request, user: str) -> tuple[Request, httpx.Response]:
        before = self.computed()
        answer = self.server.client(user).send(request)
        seconds = self.computed() - before
        return Request(name, answer.status_code, seconds, len(answer.content)), answer


def pages_of(apv: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Return every page of an APV: its name, its address and the request's headers."""
    address, admin = f"/apvs/{apv['apv_code']}", f"/admin/reviews/apv/{apv['apv_id']}"
    swapped = {"HX-Request": "true"}
    yield "list", "/", {}
    yield "list of the escalated", "/?status=escalated", {}
    yield "list of the decided", "/?status=decided", {}
    yield "rows", f"/queue/rows?ids={apv['apv_id']}", swapped
    yield "APV", address, {}
    yield "APV alone", address, swapped
    for view in ("unified", "split"):
        for space in ("shown", "ignored"):
            yield f"diff {view} {space}", f"{address}/diff?view={view}&space={space}", swapped
    for name in (".diff", ".json", "/state", "/related"):
        yield f"APV{name}", f"{address}{name}", {}
    yield "numbers", "/numbers", {}
    yield "search", f"/?search={quote(apv['package_name'][:200])}", {}
    yield "ecosystem", f"/?package_ecosystem={quote(apv['package_ecosystem'])}", {}
    yield "admin", f"{admin}/change/", {}
    yield "admin's form", f"{admin}/decide/", {}
    yield "admin's list", "/admin/reviews/apv/", {}
    yield "admin's search", f"/admin/reviews/apv/?q={quote(apv['package_name'])}", {}
    yield "admin's decisions", "/admin/reviews/decision/", {}
    yield "REST", f"/hitl/apvs/{apv['apv_id']}", {}
    yield "REST list", "/hitl/apvs?limit=5", {}
    yield "REST queue", "/hitl/reviews?limit=50", {}
    yield "REST decisions", "/hitl/decisions?limit=50", {}
    yield "CSV", "/decisions.csv", {}
    yield "JSON lines", "/decisions.jsonl", {}


class Fuzz:
    """One run against one server."""

    def __init__(self, server: Server, seed: int) -> None:
        self.watched = Watched(server)
        self.server = server
        self.inputs = Inputs(seed)
        self.outcome = Outcome(plain=self._plain(), first_mib=self.watched.mib(), seed=seed)

    def run(self, seconds: float) -> Outcome:
        """Run for so long; memory counts from after the first tenth of it."""
        started, warm = time.monotonic(), False
        while (gone := time.monotonic() - started) < seconds:
            self.turn()
            if not warm and gone > seconds / 10:
                self.outcome.first_mib, warm = self.watched.mib(), True
        self.outcome.last_mib = self.watched.mib()
        return self.outcome

    def turn(self) -> None:
        """Post one of each kind; read the pages of those accepted, before and after a decision."""
        self._post(self.inputs.body())
        self._post(json.dumps(self.inputs.spoiled()).encode())
        taken = self._post(json.dumps(self.inputs.apv()).encode())
        if taken.status_code != 201:
            return
        self.outcome.taken += 1
        apv = taken.json()
        self._read_pages(apv)
        decision = json.dumps(self.inputs.decision(apv["apv_id"])).encode()
        if self._post(decision, "/hitl/decisions", "reviewer").status_code == 200:
            self._read_pages(apv)

    def _post(
        self, body: bytes, path: str = "/hitl/apvs", user: str = "pipeline"
    ) -> httpx.Response:
        client = self.server.client(user)
        request = client.build_request("POST", path, content=body, headers=JSON)
        return self._note(f"POST {path}", request, user)

    def _read_pages(self, apv: dict[str, str]) -> None:
        for name, address, headers in pages_of(apv):
            request = self.server.client("admin").build_request("GET", address, headers=headers)
            self._note(f"{name} of {apv['apv_code']}", request, "admin")

    def _note(self, name: str, request: httpx.Request, user: str) -> httpx.Response:
        made, answer = self.watched.ask(name, request, user)
        self.outcome.requests.append(made)
        return answer

    def _plain(self) -> float:
        """Return the processor time of a plain APV's page, the median of some."""
        apv = self.server.add_apv()
        client = self.server.client("admin")
        request = client.build_request("GET", f"/apvs/{apv['apv_code']}")
        made = [self.watched.ask("plain", request, "admin")[0] for _ in range(PLAIN_VIEWS)]
        return max(0.01, statistics.median(one.seconds for one in made))


def end(server: Server, seconds: float) -> float:
    """Send SIGTERM, and return how long the server took to stop; raise TimeoutExpired."""
    started = time.monotonic()
    server.process.terminate()
    server.process.wait(seconds)
    return time.monotonic() - started
