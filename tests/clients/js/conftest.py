from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support import npm
from tests.support.app_server import AppServer
from tests.support.browsers import browser, chromium, new_context, proxy
from tests.support.react_app import App, OpenApp
from tests.support.site import Server, Site
from tests.support.tab import NewContext

__all__ = ["browser", "chromium", "new_context", "proxy"]

SOURCES = Path(__file__).parent / "app"


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as `npm pack` makes it."""
    return npm.packed(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session", params=["18", "19"])
def built_app(request: Any, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application in app/, built with a version of React, for "development" or "production".

    Only in development does StrictMode mount each component twice.
    """
    version, _, mode = request.param.partition(" ")
    folder = tmp_path_factory.mktemp("app")
    suffix = "" if version == "19" else version
    npm.install(
        folder,
        archive,
        {
            **{"react": f"react{suffix}", "react-dom": f"react-dom{suffix}"},
            **{"scheduler": "scheduler", "@tanstack": "@tanstack"},
        },
    )
    return npm.build(SOURCES, folder, mode or "development")


@pytest.fixture(scope="session")
def app_server() -> Iterator[AppServer]:
    with AppServer() as app_server:
        yield app_server


@pytest.fixture(scope="session")
def site(app_server: AppServer) -> Site:
    """An installation that lets pages of the application open its socket."""
    return Site("npm", HITL_ALLOWED_ORIGINS=app_server.origin)


@pytest.fixture(scope="session")
def server(site: Site, app_server: AppServer) -> Iterator[Server]:
    with site.uvicorn() as server:
        app_server.console = server.origin
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def open_app(
    new_context: NewContext, server: Server, app_server: AppServer, built_app: Path
) -> AsyncIterator[OpenApp]:
    """Open the application; its socket goes to a console at `origin`."""
    app_server.files = built_app
    apps: list[App] = []

    async def open_(origin: str = server.origin, *, page: Page | None = None, **query: str) -> App:
        page = page or await (await new_context()).new_page()
        app = App(page, app_server.origin, origin)
        apps.append(app)
        await app.open(**query)
        return app

    yield open_
    assert [app.errors for app in apps if app.errors] == []
