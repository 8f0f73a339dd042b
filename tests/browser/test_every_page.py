"""Every other page: it is accessible, looks like the product, and leads back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import NARROW, violations_everywhere
from tests.support.people import new_user, signed_in
from tests.support.site import PASSWORD, Server, Site, sign_in
from tests.support.tab import NewContext

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = {
    "reviews/apv": ("", "add", "change"),
    "reviews/decision": ("", "change"),
    "audit/entry": ("", "change"),
    "auth/user": ("", "add", "change", "delete"),
    "auth/group": ("change",),
    "axes/accessattempt": ("",),
    "knox/authtoken": ("", "add", "delete"),
    "realtime/event": ("",),
    "accounts/signin": ("", "delete"),
}
"""For each model its pages that differ from others: the list, and those of a row."""
SWAGGERS_OWN = ["color-contrast", "nested-interactive", "target-size"]
"""Rules that the vendored Swagger UI breaks with colours and elements of its own."""


def admin_pages(server: Server, site: Site) -> Iterator[str]:
    """Return the address of each page of the admin, with contents."""
    pending = server.add_apv(validation_warnings=["No test covers it."])["apv_id"]
    decided = server.add_apv()["apv_id"]
    server.decide(decided)
    signed_in(server)
    site.manage("issue_token", "pipeline")
    fail_to_sign_in(server, "nobody")
    yield from ("/admin/", "/admin/reviews/", "/admin/password_change/", "/admin/nothing/")
    yield f"/admin/reviews/apv/{pending}/decide/"
    yield f"/admin/reviews/apv/{pending}/history/"
    yield f"/admin/reviews/apv/{decided}/change/"
    yield "/admin/auth/user/1/password/"
    client = server.client("admin")
    for model, pages in PAGES.items():
        rows = client.get(f"/admin/{model}/").text
        [row, *_] = re.findall(rf'href="(/admin/{model}/[^/"]+/)change/', rows)
        for page in pages:
            yield f"{row}{page}/" if page in ("change", "delete") else f"/admin/{model}/{page}"


async def test_no_page_of_the_admin_hinders_anybody(
    new_context: NewContext, server: Server, site: Site
) -> None:
    page = await (await new_context("admin")).new_page()
    found = {}
    for path in admin_pages(server, site):
        answer = await page.goto(server.origin + path)
        assert answer is not None
        assert answer.status == (404 if "nothing" in path else 200), path
        if seen := await violations_everywhere(page):
            found[path] = seen
    assert found == {}
    stranger = await (await new_context("")).new_page()
    await stranger.goto(f"{server.origin}/admin/")
    assert await violations_everywhere(stranger) == []
    await stranger.locator("#id_username").fill("nobody")
    await stranger.locator("[type=submit]").click()
    assert await violations_everywhere(stranger) == []


async def test_new_token_and_what_the_admin_says_hinder_nobody(
    new_context: NewContext, server: Server
) -> None:
    apv = server.add_apv()
    page = await (await new_context("admin")).new_page()
    await page.goto(f"{server.origin}/admin/knox/authtoken/add/")
    await page.locator("#id_user").select_option(label="pipeline")
    await page.locator("[name=_save]").click()
    await page.locator("#token").wait_for()
    assert await violations_everywhere(page) == []
    await page.goto(f"{server.origin}/admin/reviews/apv/{apv['apv_id']}/decide/")
    await page.locator("[type=submit]").last.click()
    await page.locator(".errornote").wait_for()
    assert await violations_everywhere(page) == []
    await page.locator("[name=decision][value=approve]").check()
    await page.locator("[name=justification]").fill("The bump is minimal.")
    await page.locator("[type=submit]").last.click()
    await page.get_by_role("heading", name=f"Approve {apv['apv_code']}?").wait_for()
    assert await violations_everywhere(page) == []
    await page.locator("#question .default").click()
    await page.locator(".messagelist").wait_for()
    assert await violations_everywhere(page) == []


async def test_description_of_the_api_hinders_nobody_but_for_its_own_colours(
    new_context: NewContext, server: Server
) -> None:
    page = await (await new_context("reviewer")).new_page()
    await page.goto(f"{server.origin}/hitl/docs")
    await page.locator(".opblock").first.wait_for()
    assert await violations_everywhere(page, without=SWAGGERS_OWN) == []


def fail_to_sign_in(server: Server, user: str) -> None:
    """Fail to sign in."""
    httpx.post(f"{server.origin}/hitl/token", json={"username": user, "password": "wrong"})


# -- When something is wrong ------------------------------------------------------------------


async def is_fit(page: Page, said: str, way: str) -> None:
    """Check that a page says what happened, links home, fits a phone and shows no internals."""
    assert page.viewport_size is not None
    await expect(page.locator("h1")).to_have_text(said)
    await expect(page.locator(".ways .button")).to_have_text(way)
    assert await page.locator(".brand").get_attribute("href") == "/"
    assert await violations_everywhere(page) == []
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert "Traceback" not in await page.content()


async def test_page_that_is_not_there_says_so(new_context: NewContext, server: Server) -> None:
    page = await (await new_context("")).new_page()
    await page.goto(f"{server.origin}/nothing")
    await is_fit(page, "There is nothing here", "Go to the queue")


async def test_who_may_nothing_is_told_as_whom_they_came_and_may_come_as_somebody_else(
    new_context: NewContext, server: Server, site: Site
) -> None:
    user = new_user(site, "none")
    page = await (await new_context("")).new_page()
    await page.goto(f"{server.origin}/apvs/APV-2026-001")
    await page.locator("#id_username").fill(user)
    await page.locator("#id_password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await is_fit(page, "You may not see or do this", "Sign in as somebody else")
    await expect(page.locator(".said")).to_contain_text(f"You are signed in as {user}.")
    await page.locator(".ways .button").click()
    await expect(page).to_have_url(f"{server.origin}/sign-in?next=/apvs/APV-2026-001")


async def test_who_may_see_only_the_queue_is_led_back_to_it(
    new_context: NewContext, server: Server
) -> None:
    page = await (await new_context("pipeline")).new_page()
    await page.goto(f"{server.origin}/numbers")
    await is_fit(page, "You may not see or do this", "Go to the queue")


async def test_page_that_grew_old_says_so(new_context: NewContext, server: Server) -> None:
    page = await (await new_context("")).new_page()
    await page.goto(f"{server.origin}/sign-in")
    await page.context.clear_cookies()
    await page.locator("#id_username").press("Enter")
    await is_fit(page, "This page was out of date", "Go to the queue")


async def test_locked_sign_in_says_for_how_long(
    new_context: NewContext, server: Server, site: Site
) -> None:
    user = new_user(site)
    for _ in range(5):
        fail_to_sign_in(server, user)
    page = await (await new_context("", locale="pt-BR")).new_page()
    await page.goto(f"{server.origin}/sign-in")
    await page.locator("#id_username").fill(user)
    await page.locator("#id_password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await is_fit(page, "A entrada está bloqueada por um tempo", "Voltar à entrada")
    await expect(page.locator(".said")).to_contain_text("Tente de novo em 15 minutos")


@pytest.fixture(scope="session")  # its database can be made only once
def frail() -> Site:
    """An installation whose database a test may break."""
    return Site("frail")


@contextmanager
def without_tally(site: Site) -> Iterator[None]:
    site.execute("ALTER TABLE reviews_tally RENAME TO mislaid")
    yield
    site.execute("ALTER TABLE mislaid RENAME TO reviews_tally")


@contextmanager
def without_database(site: Site) -> Iterator[None]:
    everywhere = site.database_url.replace("/frail?", "/postgres?")
    with psycopg.connect(everywhere, autocommit=True) as connection:
        connection.execute("ALTER DATABASE frail ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'frail'"
        )
        yield
        connection.execute("ALTER DATABASE frail ALLOW_CONNECTIONS true")


async def test_mistake_of_ours_and_database_that_is_away_look_like_the_product(
    new_context: NewContext, frail: Site
) -> None:
    with frail.uvicorn() as server:
        context = await new_context("")
        with httpx.Client(base_url=server.origin) as client:
            sign_in(client, "reviewer")
            cookies = client.cookies.items()
        await context.add_cookies(
            [{"name": name, "value": text, "url": server.origin} for name, text in cookies]
        )
        page = await context.new_page()
        with without_tally(frail):
            answer = await page.goto(server.origin)
            assert answer is not None
            assert answer.status == 500
            number = await answer.header_value("X-Request-ID")
            await is_fit(page, "Something went wrong here", "Go to the queue")
            await expect(page.locator(".said")).to_contain_text(f"this number: {number}")
        with without_database(frail):
            answer = await page.goto(server.origin)
            assert answer is not None
            assert answer.status == 503
            await is_fit(page, "The database is away", "Try again")
