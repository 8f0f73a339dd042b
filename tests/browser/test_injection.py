"""Pages show what others wrote as text: none of it runs, and nothing reaches the policy."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.injection import CORPUS, Witness, text_fields, texts_of_apv
from tests.support.site import Server, Site, apv, decision
from tests.support.tab import NewContext

pytestmark = pytest.mark.asyncio(loop_scope="session")

EMAIL = '"<svg/onload=alert(1)>"@example.com'
KINDS = ("approve", "reject", "modify", "escalate")


@pytest.fixture
def hostile_names(site: Site) -> Iterator[None]:
    """A user and a group with names from the corpus."""
    rename = "UPDATE auth_user SET first_name = %s, last_name = %s WHERE username = 'admin'"
    site.execute(rename, CORPUS[0], CORPUS[2])
    site.execute("INSERT INTO auth_group (name) VALUES (%s)", CORPUS[1])
    yield
    site.execute(rename, "Admin", "")
    site.execute("DELETE FROM auth_group WHERE name = %s", CORPUS[1])


def hostile_apvs(server: Server) -> list[dict[str, Any]]:
    return [server.add_apv(**texts_of_apv(number)) for number in range(len(CORPUS))]


def decide_on(server: Server, one: dict[str, Any], number: int) -> None:
    text = CORPUS[number]
    body = decision(
        one["apv_id"],
        decision=KINDS[number % len(KINDS)],
        justification=f"{text} {text}",
        modifications={text: text, "nested": {text: [text]}},
        reviewer_name=text,
        reviewer_email=EMAIL,
    )
    answer = server.post("/hitl/decisions", body, user="admin")
    assert answer.status_code == 200, answer.text


def id_in_log(site: Site, added: dict[str, Any]) -> str:
    """Return the key of the event about an APV."""
    sql = "SELECT id FROM realtime_event WHERE channel = 'apvs' AND message LIKE %s"
    return str(site.rows(sql, f"%{added['apv_id']}%")[0][0])


async def test_corpus_reaches_every_text_of_an_apv() -> None:
    assert {"patch_diff", "package_name", "wargame_evidence", "affected_files"} < {*text_fields()}
    given = [texts_of_apv(number) for number in range(len(CORPUS))]
    for name in text_fields():
        assert len({str(texts[name]) for texts in given}) == len(CORPUS), name


@pytest.mark.parametrize(
    "field", ["apv_code", "severity", "cve_id", "patch_strategy", "pr_url", "head_commit"]
)
async def test_field_with_a_form_of_its_own_takes_nothing_of_the_corpus(
    field: str, server: Server
) -> None:
    for text in CORPUS:
        answer = server.post("/hitl/apvs", apv(**{field: text}), user="pipeline")
        assert answer.status_code == 400, answer.text


async def test_corpus_in_every_field_executes_nothing_on_any_page(
    new_context: NewContext, server: Server, site: Site, empty_queue: None, hostile_names: None
) -> None:
    context = await new_context("admin")
    watcher, reader = await Witness.of(context), await Witness.of(context)
    await watcher.open(server.origin)
    apvs = hostile_apvs(server)
    await watcher.page.get_by_role("link", name=apvs[-1]["apv_code"]).wait_for()
    await watcher.look()

    for one in apvs:
        await reader.open(f"{server.origin}/apvs/{one['apv_code']}")
        await reader.open(f"{server.origin}/admin/reviews/apv/{one['apv_id']}/change/")
        await reader.open(f"{server.origin}/admin/reviews/apv/{one['apv_id']}/decide/")

    await reader.open(f"{server.origin}/apvs/{apvs[-1]['apv_code']}")
    for number, one in enumerate(apvs):
        decide_on(server, one, number)
    await reader.page.locator("#decided-meanwhile").wait_for()
    await reader.look()
    await watcher.page.locator(".at-trace").first.wait_for()
    await watcher.look()

    made = dict(site.rows("SELECT apv_id::text, decision_id::text FROM reviews_decision"))
    for one in apvs:
        await reader.open(f"{server.origin}/apvs/{one['apv_code']}")
        await reader.open(f"{server.origin}/admin/reviews/apv/{one['apv_id']}/change/")
        await reader.open(f"{server.origin}/admin/reviews/decision/{made[one['apv_id']]}/change/")
    [(user,)] = site.rows("SELECT id FROM auth_user WHERE username = 'admin'")
    [(group,)] = site.rows("SELECT id FROM auth_group WHERE name = %s", CORPUS[1])
    for path in (
        *("/", "/?status=escalated", "/?status=decided", "/hitl/docs"),
        *("/admin/", "/admin/reviews/", "/admin/reviews/apv/", "/admin/reviews/apv/add/"),
        *("/admin/reviews/decision/", "/admin/realtime/event/", "/admin/auth/user/"),
        f"/admin/realtime/event/{id_in_log(site, apvs[0])}/change/",
        *(f"/admin/auth/user/{user}/change/", f"/admin/auth/user/{user}/history/"),
        f"/admin/auth/group/{group}/change/",
    ):
        await reader.open(server.origin + path)
    assert [*watcher.trouble, *reader.trouble] == []


async def test_corpus_in_addresses_and_refused_forms_executes_nothing(
    new_context: NewContext, server: Server, empty_queue: None
) -> None:
    added = server.add_apv()
    reader = await Witness.of(await new_context("admin"))
    for text in CORPUS:
        written = quote(text, safe="")
        for path in (
            *(f"/?status={written}&skip={written}", f"/sign-in?next={written}", f"/{written}"),
            *(f"/admin/reviews/apv/?q={written}", f"/admin/login/?next={written}"),
            f"/admin/reviews/apv/{written}/change/",
        ):
            await reader.open(server.origin + path)
        await reader.page.goto(f"{server.origin}/apvs/{added['apv_code']}")
        await reader.page.get_by_text("Live", exact=True).wait_for()
        await reader.page.locator("html:not([data-guarded])").wait_for()  # clicks count from now on
        await reader.page.get_by_label("Modify").check()
        await reader.page.get_by_label("Key").first.fill(text)
        await reader.page.get_by_label("Value").first.fill(text)
        await reader.page.get_by_label("Justification").fill(f"{text} {text} is no reason")
        await reader.page.keyboard.press("Control+Enter")
        await reader.page.locator("#confirm[open]").wait_for()
        await reader.look()
        await reader.page.keyboard.press("Escape")
        await reader.page.get_by_label("Unsure").evaluate(
            "(radio, text) => { radio.value = text; radio.checked = true; }", text
        )
        await reader.page.get_by_label("Justification").press("Control+Enter")
        await reader.page.locator(".errorlist").first.wait_for()
        await reader.look()
    assert reader.trouble == []


@pytest.mark.parametrize(
    "path", ["/", "/apvs/{apv_code}", "/sign-in", "/hitl/docs", "/admin/", "/nothing-here"]
)
async def test_script_that_slipped_into_a_page_would_be_refused(
    path: str, new_context: NewContext, server: Server, empty_queue: None
) -> None:
    added = server.add_apv()
    reader = await Witness.of(await new_context("admin"))
    await reader.open(server.origin + path.format(**added))
    assert reader.trouble == []
    await reader.page.evaluate(
        """async () => {
          const refused = new Promise((done) =>
            document.addEventListener("securitypolicyviolation", done, { once: true }));
          document.body.insertAdjacentHTML("beforeend", '<img src="/x" onerror="alert(1)">');
          await refused;
        }"""
    )
    await reader.look()
    assert any("script-src" in one for one in reader.trouble)
    assert not any("executed" in one for one in reader.trouble)


async def test_page_is_not_shown_in_a_frame_of_another_site(
    new_context: NewContext, server: Server
) -> None:
    page = await (await new_context("reviewer")).new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    await page.set_content(f'<iframe src="{server.origin}/"></iframe>')
    await page.wait_for_load_state("networkidle")
    assert "HITL Console" not in await page.frames[1].content()
    assert any("frame" in text for text in messages)


async def test_socket_of_the_page_is_within_its_policy(
    new_context: NewContext, server: Server, empty_queue: None
) -> None:
    reader = await Witness.of(await new_context("reviewer"))
    await reader.open(server.origin)
    await reader.page.locator("#line[data-status=live]").wait_for()
    await reader.look()
    assert reader.trouble == []
