"""Which pull requests are taken in, and why."""

import pytest

from reviews.intake import BOT_BRANCHES, Rules
from tests.support.pull_requests import explained


@pytest.mark.parametrize(
    "author", ["dependabot[bot]", "Renovate[bot]", "snyk-bot", "depfu[bot]", "pyup-bot"]
)
def test_known_bots_are_taken(author: str) -> None:
    explanation = explained(author=author)
    assert explanation.taken
    assert author in explanation.why


@pytest.mark.parametrize(
    "author", ["", "alice", "dependabot", "dependabot[bot] <a@b>", "github-actions[bot]"]
)
def test_others_are_not(author: str) -> None:
    assert not explained(author=author).taken


def test_the_name_of_a_bot_in_a_commit_counts_for_nothing() -> None:
    message = (
        "Bump a\n\nAuthor: dependabot[bot]\nSigned-off-by: dependabot[bot] <support@github.com>\n"
    )
    assert not explained(author="mallory", message=message).taken


def test_the_name_of_a_branch_counts_only_where_a_repository_wants_it() -> None:
    branch = "renovate/lodash-4.x"
    explanation = explained(author="alice", branch=branch)
    assert not explanation.taken
    assert "anybody can name a branch so" in explanation.why
    explanation = explained(author="alice", branch=branch, rules=Rules(branches=BOT_BRANCHES))
    assert explanation.taken
    assert "renovate/*" in explanation.why


def test_labels_count_where_a_repository_wants_them() -> None:
    rules = Rules(labels=("Security",))
    assert explained(author="alice", labels=("security",), rules=rules).taken
    assert not explained(author="alice", labels=("security",)).taken


def test_a_repository_may_take_other_accounts_or_none() -> None:
    assert explained(author="Acme-Bot", rules=Rules(authors=frozenset(["acme-bot"]))).taken
    assert not explained(author="dependabot[bot]", rules=Rules(authors=frozenset())).taken


def test_an_author_that_is_no_account_is_not_repeated() -> None:
    explanation = explained(author="dependabot\u202e[bot]")
    assert not explanation.taken
    assert "\u202e" not in explanation.why
