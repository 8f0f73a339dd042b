"""The orders of versions, compared with what the ecosystems' own tools publish."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.versions import NotAVersion, order_of
from reviews.versions.ecosystems import ORDERS
from tools.versions.tables import Table, tables

TABLES = {table.name: table for table in tables()}
ORDERED = [table for table in TABLES.values() if order_of(table.ecosystem).is_known]
PUBLISHED_BY_MAVEN = re.compile(
    r"[0-9]+(\.[0-9]+)*([.-]?(alpha|beta|m|rc|cr|ga|sp|final)-?[0-9]*)?"
)
"""Maven's order goes in circles for others, such as 1.0.final-x, 1-alpha2 and 1.0.0."""


def by_name(table: Table) -> str:
    return table.name


@pytest.mark.parametrize("table", TABLES.values(), ids=by_name)
def test_versions_compare_as_the_ecosystem_s_own_tools_say(table: Table):
    order = order_of(table.ecosystem)
    assert len(table.pairs) >= 5
    for pair in table.pairs:
        found = order.compare(pair.one, pair.other), order.compare(pair.other, pair.one)
        assert found == (pair.wanted, None if pair.wanted is None else -pair.wanted), pair


def test_every_known_order_is_held_against_a_published_one():
    held = {order_of(table.ecosystem).name for table in TABLES.values()}
    assert {order.name for order in ORDERS.values()} <= held


def versions_like(table: Table) -> st.SearchStrategy[str]:
    """Versions of a table, pieces of them in other places, and other texts."""
    pieces = st.sampled_from([piece for one in table.versions for piece in re.split(r"\b", one)])
    return st.one_of(
        st.sampled_from(table.versions),
        st.lists(pieces, max_size=6).map("".join),
        st.text(alphabet="".join(table.versions), max_size=8),
        st.text(max_size=5),
    )


@pytest.mark.parametrize("table", TABLES.values(), ids=by_name)
@given(data=st.data())
def test_any_two_texts_compare_the_same_from_either_side(table: Table, data: Any):
    order, texts = order_of(table.ecosystem), versions_like(table)
    one, other = data.draw(texts), data.draw(texts)
    found = order.compare(one, other)
    assert order.compare(other, one) == (None if found is None else -found)
    assert order.compare(one, one) == 0


@pytest.mark.parametrize("table", ORDERED, ids=by_name)
@given(data=st.data())
def test_no_three_versions_go_in_a_circle(table: Table, data: Any):
    order = order_of(table.ecosystem)
    ends = st.sampled_from(["", "", ".0", ".1", "-1", "a", "rc1", "~1", "+1", "_p1", ".a.1", "-b"])
    texts = st.tuples(st.sampled_from(table.versions), ends).map("".join)
    if order.name == "Maven":
        texts = st.from_regex(PUBLISHED_BY_MAVEN, fullmatch=True)
    one, two, three = (data.draw(texts) for _ in range(3))
    first, second = order.compare(one, two), order.compare(two, three)
    if first is not None and second is not None and first <= 0 and second <= 0:
        assert order.compare(one, three) == min(first, second)


@pytest.mark.parametrize(
    ("ecosystem", "like"),
    [
        ("debian", "Debian"),
        ("Debian:13", "Debian"),
        ("Ubuntu:Pro:22.04:LTS", "Debian"),
        ("Root:Debian:12", "Debian"),
        ("Root:PyPI", "PyPI"),
        ("Red Hat:enterprise_linux:9::appstream", "Red Hat"),
        ("AlmaLinux:9", "Red Hat"),
        ("Alpine:v3.20", "Alpine"),
        ("Packagist:https://packages.drupal.org/8", "Packagist"),
        ("Maven:https://maven.google.com", "Maven"),
    ],
)
def test_the_part_after_the_colon_does_not_change_the_order(ecosystem: str, like: str):
    assert order_of(ecosystem) == order_of(like)


def test_versions_of_an_unknown_ecosystem_have_no_order_but_are_the_same_or_not():
    order = order_of("Moon Packages")
    assert order.compare("1.0", "2.0") is None
    assert order.compare("1.0", "1.0") == 0


def test_semantic_versions_of_an_unknown_ecosystem_have_their_order():
    assert order_of("Moon Packages", is_semver=True).compare("1.0.0-rc.1", "1.0.0") == -1


@pytest.mark.parametrize(
    ("ecosystem", "text"),
    [
        ("PyPI", "not-a-version"),
        ("npm", "1.2.3.4"),
        ("npm", "latest"),
        ("Debian", "a:1"),
        ("Debian", "1 2"),
        ("Alpine", "1.0bc"),
        ("RubyGems", "junk"),
        ("Packagist", "dev-main"),
        ("CRAN", "1.a"),
        ("Hackage", "1-0"),
        ("Julia", "master"),
        ("NuGet", "1.2.3.4.5"),
        ("Maven", "1 2"),
        ("Red Hat", ""),
        ("opam", "é"),
    ],
)
def test_a_text_that_is_no_version_there_has_no_order(ecosystem: str, text: str):
    key = order_of(ecosystem).key
    assert key is not None
    with pytest.raises(NotAVersion):
        key(text)
    assert order_of(ecosystem).compare(text, "1.0.0") is None


@pytest.mark.parametrize("table", ORDERED, ids=by_name)
@pytest.mark.parametrize("piece", ["1", "1.", "1-", "a", "1a", "-", ".", "~", "_p1", "rc1."])
def test_a_long_text_takes_time_in_proportion_to_its_length(table: Table, piece: str):
    """Twenty times the length takes less than two hundred times the time: not its square."""
    order = order_of(table.ecosystem)

    def seconds(length: int) -> float:
        text = (piece * length)[:length] + "!"
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            order.compare(text, text[:-1])
            runs.append(time.perf_counter() - start)
        return min(runs)

    assert seconds(4000) < 200 * max(seconds(200), 1e-4)
