"""How far a version moves, by the order of its ecosystem."""

import pytest

from reviews.versions import Step, step_of


@pytest.mark.parametrize(
    ("ecosystem", "old", "new", "step"),
    [
        ("PyPI", "2.30.0", "2.31.0", Step.MINOR),
        ("PyPI", "2.9", "3", Step.MAJOR),
        ("PyPI", "2", "2.0.1", Step.PATCH),
        ("PyPI", "9.0", "1!1.0", Step.MAJOR),
        ("PyPI", "2.0rc1", "2.0", Step.PATCH),
        ("PyPI", "1.10", "1.9", Step.DOWNGRADE),
        ("PyPI", "1.0", "1.0.0", None),
        ("PyPI", "latest", "1.0", None),
        ("npm", "4.17.20", "4.17.21", Step.PATCH),
        ("npm", "0.1.0", "0.2.0", Step.MINOR),
        ("npm", "1.0.0-beta.2", "1.0.0-beta.11", Step.PATCH),
        ("Go", "v1.2.3", "v2.0.0", Step.MAJOR),
        ("Maven", "2.9.10.7", "2.9.10.8", Step.PATCH),
        ("Maven", "31.1-jre", "32.0.0-jre", Step.MAJOR),
        ("Debian:12", "1:1.2.3-4", "1:1.2.3-4+deb12u1", Step.PATCH),
        ("Debian:12", "1.9-1", "1:1.0-1", Step.MAJOR),
        ("Debian:12", "2.0", "1.0", Step.DOWNGRADE),
        ("Unheard of", "1.0", "2.0", None),
        ("npm", "", "2.0.0", None),
        ("", "1", "2", None),
    ],
)
def test_step_is_named_by_the_first_number_that_moves(
    ecosystem: str, old: str, new: str, step: Step | None
) -> None:
    assert step_of(ecosystem, old, new) == step
