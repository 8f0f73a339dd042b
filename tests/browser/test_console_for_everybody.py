"""The console for every reader: without JavaScript, on a phone, in Portuguese, with any senses."""

import re

import pytest
from playwright.async_api import expect

from tests.support.accessibility import violations
from tests.support.site import Server, Site
from tests.support.tab import REASON, NewContext, OpenTab, becomes, decide

pytestmark = pytest.mark.asyncio(loop_scope="session")

PORTUGUESE = {"locale": "pt-BR", "timezone_id": "America/Sao_Paulo"}
PHONE = {"viewport": {"width": 360, "height": 740}}


async def test_without_javascript_everything_is_read_and_decided(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    apv = server.add_apv(validation_warnings=["No test covers it."])
    page = await (await new_context("reviewer", java_script_enabled=False)).new_page()
    await page.goto(server.origin)
    await page.get_by_role("link", name=apv["apv_code"]).click()
    for name in ("cve", "patch", "wargame", "validation", "history"):
        await expect(page.locator(f"#panel-{name}")).to_be_visible()
    await page.get_by_role("link", name="Side by side").click()
    await expect(page.locator("#diff.split")).to_be_visible()
    await page.get_by_role("link", name=f"← {apv['apv_code']}").click()
    await page.get_by_label("Approve").check()
    await page.get_by_label("Justification").fill("short")
    await page.get_by_role("button", name="Send the decision").click()
    await page.get_by_text("Write 10 to 5,000 characters.").first.wait_for()
    await page.get_by_label("Justification").fill(REASON)
    await page.get_by_role("button", name="Send the decision").click()
    assert site.status_of(apv) == "pending"  # a page of its own asks first
    await page.get_by_role("button", name=f"Approve {apv['apv_code']}").click()
    await page.get_by_text(f"Your decision on {apv['apv_code']} is recorded").wait_for()
    assert site.status_of(apv) == "approved"


async def test_phone_shows_one_pane_at_a_time_and_never_scrolls_sideways(
    open_tab: OpenTab, server: Server
) -> None:
    long = "a-package-with-a-name-" * 9
    apv = server.add_apv(
        package_name=long,
        fixed_version="1." * 45,
        cve_title=f"{long} fails",
        validation_warnings=[long * 9] * 200,
        patch_diff="+" + "x" * 400,
    )
    page = (await open_tab(**PHONE)).page
    sideways = "document.documentElement.scrollWidth - innerWidth"
    await expect(page.locator("#reading")).to_be_hidden()
    assert await page.evaluate(sideways) <= 0
    await page.get_by_role("link", name=apv["apv_code"]).click()
    await expect(page.locator("#queue")).to_be_hidden()
    for number in range(1, 6):
        await page.keyboard.press(str(number))
        assert await page.evaluate(sideways) <= 0
    await page.get_by_role("link", name="← Queue").click()
    await expect(page.locator("#queue")).to_be_visible()


async def test_console_speaks_portuguese_and_english(open_tab: OpenTab, server: Server) -> None:
    gone, apv = server.add_apv(severity="CRITICAL"), server.add_apv(pr_number=None, pr_url="")
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}", **PORTUGUESE)
    page = tab.page
    await expect(page.locator("#line")).to_have_text("Ao vivo")
    await expect(page.locator("html")).to_have_attribute("lang", "pt-br")
    server.decide(gone["apv_id"], user="lead")
    await expect(page.locator("#trace")).to_have_text(f"{gone['apv_code']} aprovada por Lena Lead")
    await page.keyboard.press("e")
    await page.keyboard.type("curto")
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Escreva de 10 a 5.000 caracteres.").first.wait_for()
    await page.get_by_role("button", name="English").click()
    await tab.status_becomes("live")
    await expect(page.locator("#line")).to_have_text("Live")
    assert await page.input_value("#id_justification") == "curto"


async def test_moments_are_told_in_the_zone_of_the_reader_and_in_utc(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    moment = "2026-01-02T01:30:00+00:00"
    site.execute("UPDATE reviews_apv SET created_at = %s WHERE apv_id = %s", moment, apv["apv_id"])
    page = (await open_tab(timezone_id="America/Sao_Paulo")).page
    await page.keyboard.press("5")
    time = page.locator(f"#panel-history time[datetime='{moment}']")
    await expect(time).to_have_text(re.compile(r"Jan 1, 2026, 10:30\sPM"))
    await expect(time).to_have_attribute("title", "2026-01-02 01:30 UTC")


async def test_numbers_are_drawn_below_the_panes_and_follow(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    tab = await open_tab(clock=True)
    page = tab.page
    await page.get_by_role("link", name="Numbers").first.click()
    await expect(page.locator("#numbers canvas")).to_have_count(4)
    before = int(await page.locator("#numbers td[data-y]").last.inner_text() or 0)
    assert await violations(page) == []
    server.decide(apv["apv_id"], decision="reject")
    today = page.locator("#numbers figure >> nth=4 >> td[data-y] >> nth=-1")

    async def prevented() -> int:
        await page.clock.run_for("00:01")
        return int(await today.text_content() or 0)

    await becomes(prevented, before + 1)
    await expect(page.locator("#numbers canvas")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_hinders_anybody(
    open_tab: OpenTab, new_context: NewContext, server: Server, scheme: str
) -> None:
    escalated = server.add_apv(package_name="urllib3", patch_diff=f"{MANY_FILES}")
    server.decide(escalated["apv_id"], decision="escalate")
    apv = server.add_apv(
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        validation_warnings=["No test covers it.", "A pin stays."],
        validation_confidence=0.7,
        patch_diff=MANY_FILES,
    )
    for severity in ("CRITICAL", "MEDIUM", "LOW"):
        for verdict in ("partial", "failure", "inconclusive", None):
            server.add_apv(severity=severity, wargame_verdict=verdict, cve_id=None)
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}", color_scheme=scheme)
    page = tab.page
    for number in range(1, 6):
        await page.keyboard.press(str(number))
        assert await violations(page) == []
    await page.keyboard.press("2")
    await page.get_by_role("link", name="Side by side").click()
    await expect(page.locator("#diff.split")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("?")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("m")
    await page.keyboard.press("Control+Enter")
    await page.locator("#decide .errorlist").first.wait_for()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await decide(page, "e")
    for path in ("/?status=decided", "/?status=escalated", "/?search=nothing", "/apvs/nonsense"):
        await page.goto(server.origin + path)
        assert await violations(page) == []
    stranger = await (await new_context("", color_scheme=scheme)).new_page()
    await stranger.goto(f"{server.origin}/sign-in")
    assert await violations(stranger) == []


MANY_FILES = """diff --git a/app.py b/app.py
--- a/app.py
+++ b/app.py
@@ -1,3 +1,3 @@ class App:
 # A comment
-def old(name: str, count=1): return f"{name} {count}"
+def new(name: str, count=2): return None
 value = "text"
diff --git a/lib/other.js b/lib/other.js
--- a/lib/other.js
+++ b/lib/other.js
@@ -1 +1 @@
-const a = 1;
+  const a = 1;
"""
