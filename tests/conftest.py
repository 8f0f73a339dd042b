import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from hypothesis import settings

from tests.support.database import Contents, contents, let_be_emptied
from tests.support.site import Server, Site, Start

settings.register_profile("suite", max_examples=30, deadline=None)
settings.register_profile("fast", max_examples=10, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("suite")  # --hypothesis-profile names another

SERVERS = {
    *("site", "server", "uvicorn_server", "daphne_server", "each_server", "start"),
    *("installation", "two_roles", "world", "worlds"),
    *("db", "transactional_db"),
    "promtool",
    "archive",
}
"""Fixtures that need a process: a test that uses one, however far away, is no `fast` test."""
STARTS = {"Site", "installed", "subprocess", "Popen"}
"""Names of what starts processes, when a test does it itself."""


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(tier_of(item))


def tier_of(item: pytest.Item) -> str:
    """Return the mark for what a test needs: a browser, a server (the database too), or nothing."""
    if "browser" in {*item.path.parts, *getattr(item, "fixturenames", ())}:
        return "browser"
    marked = item.get_closest_marker("server") or item.get_closest_marker("django_db")
    if marked or not isinstance(item, pytest.Function):
        return "server"
    names = set(item.function.__code__.co_names)
    return "server" if SERVERS & set(item.fixturenames) or STARTS & names else "fast"


MOST_SECONDS = 900
"""No test takes as long; a test that waits forever fails by its name instead of holding up all."""
AGAIN_SECONDS = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Interrupt a test that does not end, again and again: an event loop may swallow one failure.

    No `except Exception` catches the failure, as it catches a TimeoutError.
    """

    def interrupt(*_: Any) -> None:
        pytest.fail(f"{item.nodeid} did not end in {MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS, AGAIN_SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


CONTENTS = pytest.StashKey[Contents]()


@pytest.fixture(scope="session")
def migrated(django_db_setup: None) -> Contents:
    return contents()


@pytest.fixture(autouse=True)
def usual_language() -> Iterator[None]:
    """Forget the language that a test activated in this process, as requests do."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def emptiable(request: pytest.FixtureRequest) -> None:
    """Let a test that commits empty the database; the next function restores it."""
    mark = request.node.get_closest_marker("django_db")
    if mark is not None and mark.kwargs.get("transaction"):
        request.node.stash[CONTENTS] = request.getfixturevalue("migrated")
        let_be_emptied()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Restore what migrations had left, after Django has emptied the database."""
    yield
    if CONTENTS in item.stash and nextitem:  # otherwise the database is gone
        item.stash[CONTENTS].restore()


@pytest.fixture(scope="session")
def site() -> Site:
    """An installation whose data outlives the tests; each test uses only its own rows."""
    return Site("site")


@pytest.fixture(scope="session")
def uvicorn_server(site: Site) -> Iterator[Server]:
    with site.uvicorn() as server:
        yield server


@pytest.fixture(scope="session")
def daphne_server(site: Site) -> Iterator[Server]:
    with site.daphne() as server:
        yield server


@pytest.fixture(scope="session", params=["uvicorn", "daphne"])
def each_server(request: Any) -> Server:
    """The server of `serve`, and that of `runserver`, whose sockets must behave alike."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture(scope="session")
def server(uvicorn_server: Server) -> Server:
    """What `serve` runs; tests of sockets have `each_server` by this name."""
    return uvicorn_server


@pytest.fixture
def start(site: Site) -> Start:
    """Start a server with the test's own settings: `with start(NAME="…")`."""
    return site.uvicorn
