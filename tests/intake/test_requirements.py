"""Ranges stand for the lowest version that they allow; machines write versions shorter."""

import pytest

from reviews.intake.requirements import agrees, lowest


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("^1.2.3", "1.2.3"),
        ("~> 7.0.1, >= 7.0.1.1", "7.0.1"),
        ("~=3.2.10", "3.2.10"),
        ("<2.4,>=2.2.1", "2.2.1"),
        (">=1.0.0 <2.0.0", "1.0.0"),
        ("1.0.0 - 2.0.0", "1.0.0"),
        ("1.x", "1"),
        ("==2.*", "2"),
        ("=1.0.1", "1.0.1"),
        ("[1.0,2.0)", "1.0"),
        ("[1.0]", "1.0"),
        ("(1.0,2.0)", None),
        (">1.0", None),
        ("<2", None),
        ("!=1.0", None),
        ("^1.0 || ^2.0", None),
        ("^1.0|^2.0", None),
        ("*", None),
        ("", None),
        ("latest", None),
        ("dev-main", None),
    ],
)
def test_a_range_stands_for_the_lowest(asked: str, version: str | None) -> None:
    assert lowest(asked) == version


@pytest.mark.parametrize(
    ("stated", "found", "digest", "agree"),
    [
        ("v6", "6.0.2", "", True),
        ("v6", "6", "", True),
        ("v20", "^20.1.0", "", True),
        ("1.2", "1.20", "", False),
        ("1.2.3", "^1.2.3", "", True),
        ("3.12", "3.12-slim", "", True),
        ("<2,>=1", ">=1,<2", "", True),
        ("<2,>=1", ">=1,<3", "", False),
        ("1ee78cb", "sha256:1ee78cbaaaa", "sha256:1ee78cbaaaa", True),
        ("1ee78cb", "1ee78cbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", True),
        ("1ee78cb", "2ee78cbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", False),
        ("", "1.0", "", False),
        ("x", "1.0", "", False),
    ],
)
def test_what_machines_state_agrees_with_the_diff(
    stated: str, found: str, digest: str, agree: bool
) -> None:
    assert agrees(stated, found, digest) is agree
