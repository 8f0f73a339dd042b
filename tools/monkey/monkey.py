"""A random user of the console: it types, clicks and double-clicks, on a slow page."""

import asyncio
import contextlib
import re
import string
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Page, Request, Response, Route
from playwright.async_api import Error as BrowserError

from tests.support.site import Server, Site, apv
from tools.monkey.outcome import Answer, Confirmed, Outcome, Sent, compare

WATCH = (Path(__file__).parent / "watch.js").read_text()
VIEWPORTS = [(1440, 900), (1100, 800), (700, 760), (480, 820)]
LEFT_ALONE = re.compile(r"/(sign-out|language|admin|sign-in)\b")
FEWEST, BATCH = 40, 60


class Monkey:
    """One tab, and its random user. Times are in seconds."""

    def __init__(
        self, page: Page, devtools: CDPSession, server: Server, dice: Random, outcome: Outcome
    ) -> None:
        self.page = page
        self.devtools = devtools
        self.server = server
        self.dice = dice
        self.outcome = outcome
        self.on_the_way: dict[Request, Answer] = {}
        self.sending: set[asyncio.Future[Any]] = set()

    # -- Hands -------------------------------------------------------------------------------

    async def press(self, key: str) -> None:
        self._unawaited(self.page.keyboard.press(key))
        await self._pause(0, 0.12)

    async def type(self, text: str) -> None:
        for letter in text:
            self._unawaited(self.page.keyboard.type(letter))
            await asyncio.sleep(0.004)

    async def write(self, text: str) -> None:
        """Type, or paste, a text that is long enough for a justification."""
        if self.dice.random() < 0.5:
            await self.type(text)
        else:
            self._unawaited(self.page.keyboard.insert_text(text))

    async def click_at(self, x: float, y: float, times: int = 1) -> None:
        """Click without waiting for the page to respond, as people do."""
        for number in range(times):
            for kind in ("mousePressed", "mouseReleased"):
                where = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": number + 1}
                self._unawaited(self.devtools.send("Input.dispatchMouseEvent", where))
            await self._pause(0.04, 0.26)

    async def reach(self, selector: str, times: int = 1) -> None:
        """Scroll one match of `selector` into view, as a rule, and click where one is."""
        if self.dice.random() < 0.8:
            await self.page.evaluate(REACH, [selector, self.dice.random()])
        await self.click(selector, times)

    async def click(self, selector: str, times: int = 1) -> None:
        """Click on one match of `selector`, anywhere, if it is on the screen."""
        boxes = await self.page.evaluate(BOXES, selector)
        if boxes:
            x, y = self.dice.choice(boxes)
            await self.click_at(x, y, times)

    def _unawaited(self, sent: Any) -> None:
        task = asyncio.ensure_future(sent)
        self.sending.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Future[Any]") -> None:
        self.sending.discard(task)
        if not task.cancelled():
            task.exception()  # the page may be gone

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self.dice.uniform(least, most))

    # -- What it does ------------------------------------------------------------------------

    async def act(self) -> None:
        acts = [
            (16, self.decide),
            (3, self.press_a_key),
            (3, self.click_somewhere),
            (3, self.click_twice),
            (1, self.type_anything),
            (1, self.answer),
            (1, self.turn_the_window),
            (1, self.let_somebody_else_decide),
        ]
        weights, choices = zip(*acts, strict=True)
        await self.dice.choices(choices, weights)[0]()
        self.outcome.actions += 1

    async def decide(self) -> None:
        """Enter a decision and confirm it, in a hurry."""
        if self.dice.random() < 0.8:
            await self.press("Escape")
        if self.dice.random() < 0.4:
            await self.press(self.dice.choice("aarrmedd"))
        else:
            await self.reach("[name=decision]:enabled")
        if self.dice.random() < 0.85:
            await self.page.evaluate("document.getElementById('id_justification')?.focus()")
        await self.write(self._words(3))
        await self.page.evaluate(FILL_MODIFICATIONS, self._words(1))
        if self.dice.random() < 0.3:
            await self.click("#field-confidence label")
        if self.dice.random() < 0.5:
            await self.press("Control+Enter")
        else:
            await self.reach("#decision-form .primary", self.dice.choice([1, 1, 2]))
        if self.dice.random() < 0.8:
            with contextlib.suppress(BrowserError):  # it may have been refused
                await self.page.locator(ASKED_OR_REFUSED).first.wait_for(timeout=1500)
            await self._pause(0, 0.5)
        await self.answer()

    async def answer(self) -> None:
        """Answer the question, if there is one, usually until it is answered."""
        for _ in range(self.dice.choice([1, 4, 4, 4])):
            await self.answer_once()
            if not await self.page.locator("#confirm[open]").count():
                return

    async def answer_once(self) -> None:
        """Answer the question more than once, or press keys blindly."""
        if self.dice.random() < 0.3:
            for _ in range(self.dice.choice([1, 2, 3])):
                await self.press("Enter")
        else:
            await self.scroll_an_option_under_the_button()
            await self.click("#confirm .primary", self.dice.choice([1, 2, 2, 3]))
        await self._pause(0, 0.4)

    async def scroll_an_option_under_the_button(self) -> None:
        await self.page.evaluate(SCROLL, self.dice.randrange(4))

    async def press_a_key(self) -> None:
        keys = [*"armedjkn?12345", "Escape", "Enter", "Tab", " ", "ArrowDown", "Control+Enter"]
        await self.press(self.dice.choice(keys))

    async def type_anything(self) -> None:
        await self.type(self._words(2))

    async def click_somewhere(self) -> None:
        await self.click("#list tr a, .option, #tabs a, #confirm button, dialog button", 1)

    async def click_twice(self) -> None:
        await self.click(".option, .primary, #confirm button, #list tr a", 2)

    async def turn_the_window(self) -> None:
        width, height = self.dice.choice(VIEWPORTS)
        await self.page.set_viewport_size({"width": width, "height": height})

    async def let_somebody_else_decide(self) -> None:
        apv_id = await self.page.evaluate("document.getElementById('reading')?.dataset.apvId")
        if apv_id:
            escalation = {"decision": "escalate"}
            await asyncio.to_thread(self.server.decide, apv_id, user="lead", **escalation)

    def _words(self, count: int) -> str:
        sizes = [self.dice.randint(3, 8) for _ in range(count)]
        return " ".join("".join(self.dice.choices(string.ascii_lowercase, k=n)) for n in sizes)

    # -- Keeping it going --------------------------------------------------------------------

    async def settle(self) -> None:
        """Wait until every gesture has reached the page, and every answer this program."""
        while self.sending:
            await asyncio.wait(self.sending, timeout=30)
        with contextlib.suppress(BrowserError):
            await self.page.locator(ON_THE_WAY).wait_for(state="detached")

    def sent(self, request: Request) -> None:
        """Record that a confirmed question is sent to the server."""
        if request.method == "POST" and (answer := Answer.to(request.post_data)):
            self.on_the_way[request] = answer
            self.outcome.answers.append(answer)

    def answered(self, response: Response) -> None:
        if answer := self.on_the_way.pop(response.request, None):
            answer.status = response.status

    async def come_back(self) -> None:
        """Return to the console after a link led away from it."""
        here = urlsplit(self.page.url)
        inside = f"{here.scheme}://{here.netloc}" == self.server.origin
        if not inside or not await self.page.locator("#reading").count():
            await self.page.goto(self.server.origin)


ON_THE_WAY = "#confirm:is([data-state=sending], [data-state=asking])"
ASKED_OR_REFUSED = "#confirm[open] .primary, #decision-form .errorlist, #cannot:not([hidden])"
REACH = """([selector, which]) => {
  const found = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  found[Math.floor(which * found.length)]?.scrollIntoView({ block: "center" });
}"""
BOXES = """(selector) => [...document.querySelectorAll(selector)]
  .filter((one) => one.checkVisibility())
  .map((one) => one.getBoundingClientRect())
  .map((box) => [box.x + box.width / 2, box.y + box.height / 2])
  .filter(([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight)"""
FILL_MODIFICATIONS = """(text) => {
  const isModify = document.querySelector("#decision-form [value=modify]:checked");
  if (!isModify) return;
  for (const input of document.querySelectorAll("#decision-form .pair:first-child input")) {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
SCROLL = """(number) => {
  const button = document.querySelector("#confirm .primary")?.getBoundingClientRect();
  const option = document.querySelectorAll("#decision-form .option")[number];
  if (!button?.width || !option) return;
  const panes = [document.scrollingElement, ...document.querySelectorAll(".reading, .deciding")];
  for (const pane of panes) {
    pane.scrollTop += option.getBoundingClientRect().y - button.y;
  }
}"""


async def run(
    contexts: Sequence[BrowserContext], server: Server, site: Site, seconds: float, seed: int
) -> Outcome:
    """Run one in each context, all as Rita; return the combined outcome."""
    outcome = Outcome()
    end = time.monotonic() + seconds
    dice = [Random(f"{seed} {number}") for number in range(len(contexts))]
    plays = [
        _play(context, server, outcome, end, own)
        for context, own in zip(contexts, dice, strict=True)
    ]
    await asyncio.gather(*plays)
    compare(outcome, site, "Rita Reviewer")
    return outcome


async def _play(
    context: BrowserContext, server: Server, outcome: Outcome, end: float, dice: Random
) -> None:
    page = await context.new_page()
    monkey = Monkey(page, await context.new_cdp_session(page), server, dice, outcome)
    await _watch(context, page, monkey)
    _feed(server, dice)
    await page.goto(server.origin)
    while time.monotonic() < end:
        if outcome.actions % 10 == 0:
            await asyncio.to_thread(_feed, server, dice)
        with contextlib.suppress(BrowserError):  # it navigates under our hands
            await monkey.act()
            await monkey.come_back()
    await monkey.settle()
    await page.close()


async def _watch(context: BrowserContext, page: Page, monkey: Monkey) -> None:
    """Record what the page confirms and sends, and slow it down."""
    outcome = monkey.outcome
    page.on("pageerror", lambda error: outcome.errors.append(str(error)))
    context.on("page", lambda other: asyncio.ensure_future(other.close()))
    await page.expose_binding(
        "tellConfirmed", lambda _, told: outcome.confirmed.append(Confirmed.of(told))
    )
    await page.expose_binding("tellSent", lambda _, told: outcome.sent.append(Sent(**told)))
    page.on("request", monkey.sent)
    page.on("response", monkey.answered)
    await page.add_init_script(WATCH)
    await page.route("**/*", lambda route: _slowly(route, monkey.server, monkey.dice))


async def _slowly(route: Route, server: Server, dice: Random) -> None:
    """Delay a request; block those that lead out of the console."""
    address = route.request.url
    with contextlib.suppress(BrowserError):
        if not address.startswith(server.origin) or LEFT_ALONE.search(urlsplit(address).path):
            await route.abort()
            return
        if "/apvs/" in address:
            await asyncio.sleep(dice.choice([0, 0, 0.05, 0.2, 0.6]))
        await route.continue_()


def _feed(server: Server, dice: Random) -> None:
    """Keep the queue filled with APVs, some of them without a pull request."""
    waiting = server.client().get("/hitl/reviews/stats").json()["pending_reviews"]
    if waiting < FEWEST:
        some = [_apv(dice) for _ in range(BATCH)]
        assert server.post("/hitl/apvs", some, user="pipeline").status_code == 201


def _apv(dice: Random) -> dict[str, Any]:
    without = {"pr_number": None, "pr_url": ""} if dice.random() < 0.15 else {}
    return apv(wargame_verdict=dice.choice([None, "success", "partial"]), **without)
