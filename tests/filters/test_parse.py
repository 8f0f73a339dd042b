"""A filter's text: strictly read where it is stored, leniently in an address."""

import pytest

from reviews.filters import Filter, InvalidFilter, NoPerson, Person, parse, read_leniently


def test_empty_text_matches_everything() -> None:
    assert parse("") == Filter()
    assert parse("").matches({})
    assert not parse("")


@pytest.mark.parametrize(
    ("text", "one_spelling"),
    [
        ("severity=LOW,HIGH&severity=HIGH", "severity=HIGH,LOW"),
        ("?author=b&severity=LOW&author=a", "severity=LOW&author=a,b"),
        ("repository=github/acme/app", "repository=github/acme/app"),
        ("search=a,b&within=text", "search=a%2Cb&within=text"),
        ("within=text&severity=LOW", "severity=LOW"),
        ("author=dependabot[bot]", "author=dependabot[bot]"),
        ("package_name=a%26b%3Dc", "package_name=a%26b%3Dc"),
    ],
)
def test_filter_has_one_spelling(text: str, one_spelling: str) -> None:
    assert parse(text).text == one_spelling


@pytest.mark.parametrize(
    ("text", "parameter", "reason"),
    [
        ("colour=red", "colour", "There is no such filter."),
        ("severity=SEVERE", "severity", "Choose from CRITICAL, HIGH, MEDIUM, LOW."),
        ("severity=", "severity", "Give a value."),
        ("severity=,", "severity", "Give a value."),
        ("search=a&search=b", "search", "Give one value."),
        ("author=" + "a" * 501, "author", "Write at most 500 characters."),
        ("author=a%00b", "author", "Null characters are not allowed."),
        ("author=" + ",".join(map(str, range(101))), "author", "Give at most 100 values."),
        ("a" * 5000, "filter", "Write at most 4000 characters."),
    ],
)
def test_strict_parser_names_parameter_and_reason(text: str, parameter: str, reason: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse(text)
    assert caught.value.errors == {parameter: [reason]}


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse("severity=A,B,LOW&colour=red&pull_request=maybe")
    assert caught.value.errors.keys() == {"severity", "colour", "pull_request"}


def test_address_is_read_leniently() -> None:
    given = {"severity": ["HIGH,x", "y"], "colour": ["red"], "search": ["a", "b"], "cve_id": [""]}
    assert read_leniently(given).text == "search=b&severity=HIGH"


def test_words_are_for_people() -> None:
    assert parse("severity=HIGH,LOW&author=lena").words == "Severity: High, Low; Author: lena"


@pytest.mark.parametrize("text", ["assigned=me", "assigned=nobody,groups", "claimed=me"])
def test_filter_that_means_whoever_asks_is_refused_where_nobody_does(text: str) -> None:
    name, _equals, values = text.partition("=")
    with pytest.raises(InvalidFilter) as refused:
        parse(text)
    said = f"{values.split(',')[-1]} means whoever asks, and here nobody does."
    assert refused.value.errors == {name: [said]}
    assert parse(text, personal=True).personal == {name: [values.split(",")[-1]]}
    assert parse(f"{name}=anybody")


def test_filter_that_means_whoever_asks_does_not_match_without_somebody() -> None:
    mine = parse("assigned=me", personal=True)
    fact = {"assigned": {"user": 7, "group": None}}
    assert mine.of(Person(7)).matches(fact)
    assert not mine.of(Person(8)).matches(fact)
    assert not mine.of(Person()).matches({"assigned": {"user": None, "group": 3}})
    with pytest.raises(NoPerson):
        mine.matches(fact)
    with pytest.raises(NoPerson):
        mine.q()
