"""Firefox from Debian or Mozilla, driven by WebDriver BiDi (w3.org/TR/webdriver-bidi)."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.tab import becomes
from tests.support.waiting import START_SECONDS, wait_for

NAMES = ("firefox", "firefox-esr")
ENTER, CONTROL = "\ue007", "\ue009"
ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def find() -> str | None:
    """Return the path of a Firefox: FIREFOX, or the first on PATH."""
    return os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """One tab."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._tab = ""

    async def begin(self) -> None:
        await self.command("session.new", capabilities={})
        self._tab = (await self.command("browsingContext.create", type="tab"))["context"]

    async def command(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command; raise RuntimeError with the browser's error."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters}
        await self._line.send(json.dumps(command))
        async with asyncio.timeout(START_SECONDS):
            while (answer := json.loads(await self._line.recv())).get("id") != number:
                pass
        if answer["type"] == "error":
            raise RuntimeError(answer["message"])
        return answer["result"]

    async def open(self, url: str) -> None:
        await self.command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def keep_cookie(self, name: str, value: str) -> None:
        """Set a cookie of 127.0.0.1."""
        text = {"type": "string", "value": value}
        await self.command(
            "storage.setCookie", cookie={"name": name, "value": text, "domain": "127.0.0.1"}
        )

    async def value(self, expression: str) -> Any:
        """Return a string, number or boolean that the page computes; None while it loads."""
        target = {"context": self._tab}
        answer = await self.command(
            "script.evaluate", expression=expression, target=target, awaitPromise=True
        )
        return answer.get("result", {}).get("value")

    async def shows(self, expression: str, wanted: Any) -> None:
        """Wait until an expression has a value."""
        await becomes(lambda: self.value(expression), wanted)

    async def press(self, keys: str, *, held: str = "") -> None:
        """Press `keys` one after another, while holding `held`."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        if held:
            strokes = [{"type": "keyDown", "value": held}, *strokes]
            strokes.append({"type": "keyUp", "value": held})
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        await self.command("input.performActions", context=self._tab, actions=[keyboard])


@contextlib.asynccontextmanager
async def firefox(executable: str) -> AsyncIterator[Firefox]:
    """A Firefox with its own profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                executable,
                *("--headless", "--profile", folder, "--remote-debugging-port", "0"),
                env={**os.environ, "HOME": folder},
                stdout=output,
                stderr=output,
            )
        try:
            found = await asyncio.to_thread(
                wait_for, lambda: ADDRESS.search(log.read_text()), "Firefox", START_SECONDS
            )
            async with connect(f"{found[1]}/session", proxy=None, max_size=None) as line:
                tab = Firefox(line)
                await tab.begin()
                yield tab
        finally:
            process.terminate()
            await process.wait()
