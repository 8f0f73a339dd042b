"""Search: what it finds in the queue, and by which index."""

from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from reviews import search
from reviews.api.filters import APVFilter
from reviews.choices import Status
from reviews.console.list_query import ListQuery
from reviews.console.listings import PENDING
from reviews.models import APV
from reviews.orders import QUEUE
from tests.support.site import COPIES, apv

pytestmark = pytest.mark.django_db

TEXTS = [
    "Straße, ẞ and İstanbul",
    "ﬁxed: 100 % of _under_score \\ back'slash",
    "e\u0301cole, école",
    "日本語の説明",
    "𝒳𝒴𝒵 beyond the BMP",
    "two\nlines\twith tabs",
    "aaaa",
    "ab",
]


def parts(text: str) -> set[str]:
    """Return all parts of one to five characters of `text`, in both cases."""
    found = {text[at : at + size] for at in range(len(text)) for size in range(1, 6)}
    return {one for part in found for one in (part, part.upper(), part.lower())}


SIGNS = st.text("aB\\&'é€😀\n\t\x01 ", max_size=12) | st.text(st.characters(codec="utf-8"))


@given(texts=st.lists(SIGNS.map(lambda text: text.replace("\0", "")), max_size=3))
def test_trigrams_are_all_sequences_of_three_characters(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        joined = "SELECT upper(array_to_string(%s::text[], chr(10)))"
        found = "reviews_trigrams(VARIADIC %s::text[])"
        cursor.execute(f"{joined}, {found}", [texts, texts])
        text, trigrams = cursor.fetchone()
    assert sorted(trigrams) == sorted(text[at : at + 3] for at in range(len(text) - 2))


def test_search_in_the_queue_finds_what_reading_every_row_finds() -> None:
    for text in TEXTS:
        APV.objects.create(**apv(package_name="p", cve_title="", cve_description=text))
        APV.objects.create(**apv(package_name=text, cve_title=text[::-1]))
    for part in sorted(set().union(*map(parts, TEXTS))):
        found = set(APV.objects.pending().filter(search.containing_in_queue(part)))
        assert found == set(APV.objects.pending().filter(search.containing(part))), part
        by_name = APV.objects.filter(search.containing(part, fields=search.NAMES))
        assert set(APV.objects.filter(search.named(part))) == set(by_name), part


def test_search_finds_no_text_that_only_the_border_of_two_fields_would_make() -> None:
    APV.objects.create(**apv(package_name="left", cve_title="right"))
    assert not APV.objects.filter(search.containing_in_queue("leftright"))
    assert not APV.objects.filter(search.containing_in_queue("left\nright"))
    assert APV.objects.filter(search.containing_in_queue("IGHT"))


def of_the_api(text: str) -> Any:
    return APVFilter({"search": text}, APV.objects.pending()).qs.order_by(*QUEUE.by)


def of_the_console(text: str) -> Any:
    return ListQuery(PENDING, QueryDict(f"search={text}")).filter.qs.order_by("created_at")


@pytest.mark.parametrize("rows", [of_the_api, of_the_console])
def test_search_in_a_long_queue_goes_by_the_index(rows: Any) -> None:
    APV.objects.create(**apv(package_name="needle"))
    with connection.cursor() as cursor:
        cursor.execute(COPIES, [1, 2000])
        cursor.execute("ANALYZE reviews_apv")
    assert "apv_queue_search" in rows("haystack")[:51].explain()
    assert "apv_queue_search" not in rows("ha")[:51].explain()
    assert rows("NEEDLE").count() == 2001


def test_name_among_decided_apvs_is_found_by_the_index() -> None:
    APV.objects.create(**apv(package_name="needle", status=Status.APPROVED))
    with connection.cursor() as cursor:
        cursor.execute(COPIES, [1, 2000])
        cursor.execute("ANALYZE reviews_apv")
    assert "apv_name_search" in APV.objects.filter(search.named("haystack"))[:1].explain()
    assert APV.objects.filter(search.named("NEEDLE")).count() == 2001


def test_page_of_paths_that_most_apvs_have_is_read_in_order() -> None:
    APV.objects.create(**apv())
    with connection.cursor() as cursor:
        cursor.execute(COPIES, [1, 2000])
        cursor.execute("ANALYZE reviews_apv")
    rows = ListQuery(PENDING, QueryDict("path=*.txt")).filter.qs.order_by(*QUEUE.by)
    assert "Sort" not in rows[:51].explain()
    assert rows.count() == 2001
