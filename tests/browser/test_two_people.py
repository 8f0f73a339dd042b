"""Two people approve an APV together, each in a browser; who added it is refused."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.support.site import Server, Site, apv
from tests.support.tab import OpenTab, decide

pytestmark = pytest.mark.asyncio(loop_scope="session")
PACKAGE = "needs-two-people"
MAKE = f"""
from django.contrib.auth.models import User
from reviews import services
from reviews.models import Policy
boss = User.objects.get(username="admin")
asked = {{"approvals": 2, "not_by_submitter": True, "checks_passed": True}}
made = services.make_policy(
    by=boss, name="Two people", filter="package_name={PACKAGE}", requirements=asked
)
services.set_active(policy_id=made.policy_id, by=boss, active=True)
"""
END = "UPDATE reviews_policy SET is_active = false WHERE name = 'Two people'"


@pytest.fixture(scope="module", autouse=True)
def policy(site: Site) -> Iterator[None]:
    site.manage("shell", "-v", "0", "-c", MAKE)
    yield
    site.execute(END)


async def picture(page: Page, name: str) -> None:
    """Take a picture of a page if a folder for pictures is named."""
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_two_people_approve_and_each_sees_the_other(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    one = server.add_apv(package_name=PACKAGE, validation_passed=True)
    address = f"/apvs/{one['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    needed = lena.page.locator("#requirements")
    await expect(needed).to_contain_text("0 of 2 approvals")
    await expect(needed).to_contain_text("policy “Two people”")
    option = lena.page.locator("label.option", has_text="Approve")
    await expect(option).to_contain_text("it is approval 1 of 2, and 1 more is needed")
    reason = lena.page.get_by_label("Justification")
    await lena.page.keyboard.press("a")
    await reason.fill("I am still reading this one.")
    await decide(rita.page)
    await rita.page.get_by_text(f"Your decision on {one['apv_code']}").wait_for()
    await expect(needed).to_contain_text("1 of 2 approvals")
    await expect(option).to_contain_text("it is the last of 2 approvals")
    await expect(reason).to_have_value("I am still reading this one.")
    await expect(lena.page.get_by_label("Approve")).to_be_checked()
    assert site.status_of(one) == "pending"
    row = lena.page.locator(f"#apv-{one['apv_id']}")
    await expect(row).to_contain_text("1 of 2")
    await picture(lena.page, "one-of-two")
    await rita.page.goto(f"{server.origin}{address}")
    await expect(rita.page.get_by_label("Approve")).to_be_disabled()
    await expect(rita.page.locator("#decide")).to_contain_text("You approved it already")
    await picture(rita.page, "approved-already")
    await lena.page.keyboard.press("Control+Enter")
    await lena.page.locator("#confirm").get_by_text("it is the last of 2 approvals").wait_for()
    await picture(lena.page, "question")
    await lena.page.keyboard.press("Enter")
    await lena.page.get_by_text(f"Your decision on {one['apv_code']}").wait_for()
    assert site.status_of(one) == "approved"


async def test_who_added_it_cannot_choose_to_approve(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    fields = apv(package_name=PACKAGE, validation_passed=True)
    one = server.post("/hitl/apvs", fields, user="admin").json()
    page = (await open_tab(path=f"/apvs/{one['apv_code']}", user="admin")).page
    await expect(page.get_by_label("Approve")).to_be_disabled()
    await expect(page.locator("#decide")).to_contain_text("you added it")
    await expect(page.get_by_label("Reject")).to_be_enabled()
    await page.set_viewport_size({"width": 360, "height": 900})
    await picture(page, "refused-narrow")
    answer = server.decide(one["apv_id"], user="admin")
    assert answer.status_code == 403
    assert "Two people" in answer.json()["detail"]
    first = server.decide(one["apv_id"])
    assert (first.status_code, first.json()["action_taken"]) == (200, "awaiting_approval")
    asked = server.client().get(f"/hitl/reviews/{one['apv_id']}").json()["requirements"]
    assert [each["requirement"] for each in asked] == [
        "approvals",
        "not_by_submitter",
        "checks_passed",
    ]
    assert [each["met"] for each in asked] == [False, True, True]
