"""Folded lists: groups of APVs by package, CVE or repository."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviews.console.folds import GROUPS
from reviews.models import APV, BatchItem
from tests.support import forge_rows
from tests.support.forms import many_fields_of
from tests.support.pages import JUSTIFICATION, codes_on, plain_text_of, text_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db


def add(name: str, fixed: str = "2.0", **fields: Any) -> APV:
    return APV.objects.create(**apv(package_name=name, fixed_version=fixed, **fields))


def groups(answer: Any) -> list[tuple[str, str, str]]:
    """Return the severity, name and sentence of each group on a page."""
    rows = answer.content.decode().partition("<tbody")[2].partition("</tbody>")[0].split("<tr")[1:]
    found = []
    for row in rows:
        cells = [
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        found.append((cells[0], cells[1], cells[3]))
    return found


def links(answer: Any) -> list[str]:
    found = re.findall(r'at-group"><a href="([^"]*)"', answer.content.decode())
    return [link.replace("&amp;", "&") for link in found]


def test_packages_are_folded_the_gravest_first_then_the_largest(reviewer: Client) -> None:
    add("requests", severity="LOW")
    for fixed in ("0.0.9", "0.0.247", "0.0.10"):
        add("langchain", fixed, severity="HIGH")
    add("django", severity="HIGH")
    add("jinja2", severity="CRITICAL")
    assert groups(reviewer.get("/?fold=package")) == [
        ("Critical", "jinja2", "1 APV"),
        ("High", "langchain", "3 APVs, one bump to 0.0.247 fixes all"),
        ("High", "django", "1 APV"),
        ("Low", "requests", "1 APV"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"fixed": ""},
        {"fixed": "no version"},
        {"patch_strategy": "code_rewrite"},
    ],
    ids=str,
)
def test_no_bump_is_promised_where_one_does_not_fix_all(
    reviewer: Client, fields: dict[str, Any]
) -> None:
    add("langchain", "1.0")
    add("langchain", **{"fixed": "1.1", **fields})
    assert groups(reviewer.get("/?fold=package")) == [("High", "langchain", "2 APVs")]


def test_no_bump_is_promised_where_versions_have_no_order(reviewer: Client) -> None:
    for fixed in ("1.0", "1.1"):
        add("thing", fixed, package_ecosystem="Somewhere")
    assert groups(reviewer.get("/?fold=package")) == [("High", "thing", "2 APVs")]


def test_same_name_in_two_ecosystems_is_two_groups_and_each_opens_into_its_rows(
    reviewer: Client,
) -> None:
    one, other = add("ms", package_ecosystem="npm"), add("ms", package_ecosystem="PyPI")
    folded = reviewer.get("/?fold=package&severity=HIGH")
    opened = [codes_on(reviewer.get(link)) for link in links(folded)]
    assert sorted(opened) == sorted([[one.apv_code], [other.apv_code]])
    assert all("severity=HIGH" in link and "fold" not in link for link in links(folded))


def test_fold_has_what_its_filters_leave(reviewer: Client) -> None:
    add("a", severity="LOW")
    add("a", severity="HIGH")
    add("b", severity="LOW")
    assert groups(reviewer.get("/?fold=package&severity=HIGH")) == [("High", "a", "1 APV")]
    assert groups(reviewer.get("/?fold=package&search=nothing")) == []
    assert "Nothing matches" in text_of(reviewer.get("/?fold=package&search=nothing"))


def test_cves_are_folded_and_those_without_one_are_said_to_be_left_out(reviewer: Client) -> None:
    for name in ("a", "b", "b"):
        add(name, cve_id="CVE-2026-10001")
    add("c", cve_id=None)
    answer = reviewer.get("/?fold=cve")
    assert groups(answer) == [("High", "CVE-2026-10001", "3 APVs of 2 packages")]
    assert "APVs without a CVE are left out." in text_of(answer)
    assert len(codes_on(reviewer.get(links(answer)[0]))) == 3
    APV.objects.exclude(cve_id=None).delete()
    assert "There is nothing to fold by" in text_of(reviewer.get("/?fold=cve"))


def test_repositories_are_folded(reviewer: Client) -> None:
    repository = forge_rows.repository(path="shop/web")
    for number in (1, 2):
        row = forge_rows.pull_request(repository, number)
        row.save()
        add("a", pull_request=row)
    add("b")
    answer = reviewer.get("/?fold=repository")
    assert groups(answer) == [("High", "shop/web", "2 APVs of 1 package")]
    assert repository.forge.name in text_of(answer)
    assert len(codes_on(reviewer.get(links(answer)[0]))) == 2


def test_long_fold_has_pages(reviewer: Client) -> None:
    for number in range(GROUPS + 1):
        add(f"p{number:03}")
    first = reviewer.get("/?fold=package")
    assert len(groups(first)) == GROUPS
    assert 'href="/?fold=package&amp;page=2" rel="next"' in first.content.decode()
    second = reviewer.get("/?fold=package&page=2")
    assert [name for _, name, _ in groups(second)] == [f"p{GROUPS:03}"]
    assert "To the top of the list" in text_of(second)


@pytest.mark.parametrize("query", ["fold=nothing", "fold=", "fold=package&status=decided"])
def test_unknown_fold_folds_nothing(reviewer: Client, query: str) -> None:
    one = add("a")
    answer = reviewer.get(f"/?{query}")
    assert groups(answer) == [] or codes_on(answer) == [one.apv_code]
    assert "data-folded" not in answer.content.decode()


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "99999999", "2"])
def test_page_that_is_not_there_is_no_error(reviewer: Client, page: str) -> None:
    add("a")
    assert reviewer.get("/", {"fold": "package", "page": page}).status_code == 200


def test_escalated_list_is_folded_too(reviewer: Client, lead: Client) -> None:
    assert groups(lead.get("/?status=escalated&fold=package")) == []


@pytest.mark.parametrize("fold", ["package", "cve", "repository"])
def test_queries_are_as_many_for_one_group_as_for_many(reviewer: Client, fold: str) -> None:
    repository = forge_rows.repository()

    def more(number: int) -> None:
        row = forge_rows.pull_request(repository, number)
        row.save()
        add(f"p{number}", cve_id=f"CVE-2026-{10000 + number}", pull_request=row)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert reviewer.get(f"/?fold={fold}").status_code == 200
        return len(captured)

    more(1)
    reviewer.get(f"/?fold={fold}")
    before = queries()
    for number in range(2, 12):
        more(number)
    assert queries() == before


# -- Decided together -------------------------------------------------------------------------


def ask(client: Client, query: str = "", **fields: Any) -> Any:
    given = {"decision": "approve", "justification": JUSTIFICATION}
    return client.post(f"/batches{query}", {**given, **fields})


def test_group_is_chosen_whole_beside_single_rows(reviewer: Client) -> None:
    for fixed in ("1.0", "1.1"):
        add("langchain", fixed)
    single, _left = add("a"), add("b")
    value = re.search(
        r'name="group" value="([^"]*)"', reviewer.get("/?fold=package").content.decode()
    )
    assert value
    group = json.dumps(["package", "PyPI", "langchain"])
    assert value[1].replace("&quot;", '"') == group
    asked = ask(reviewer, group=[group], apv=[f"{single.apv_code}:1"])
    assert "Approve 3 APVs?" in plain_text_of(asked)
    assert reviewer.post("/batches", many_fields_of(asked)).status_code == 302
    names = BatchItem.objects.values_list("apv__package_name", flat=True)
    assert sorted(names) == ["a", "langchain", "langchain"]


def test_group_is_chosen_within_the_filter_of_its_list(reviewer: Client) -> None:
    add("a", severity="LOW")
    add("a", severity="HIGH")
    group = json.dumps(["package", "PyPI", "a"])
    assert "Approve 1 APV?" in plain_text_of(ask(reviewer, "?severity=LOW", group=[group]))


@pytest.mark.parametrize(
    "value",
    ["", "x", "[]", "{}", "7", '"package"', '["package"]', '["package", "PyPI", 7]', "[[], 1, 2]",
     '["nothing", "a"]', '["package", "a\\u0000", "b"]', '["package", "a", "\\ud800"]',
     "[" * 100_000],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_value_that_is_no_group_chooses_nothing(reviewer: Client, value: str) -> None:
    add("a")
    answer = ask(reviewer, group=[value])
    assert answer.status_code == 400
    assert "Choose at least one APV." in text_of(answer)
