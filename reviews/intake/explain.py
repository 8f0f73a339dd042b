"""Compare the statements of a pull request with its diff."""

import re
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

from reviews.imports.package_names import identity
from reviews.intake.changes import Move, moves_of, without_doubles
from reviews.intake.formats import actions, docker, jvm
from reviews.intake.model import Change, PullRequest
from reviews.intake.requirements import agrees, is_range, lowest, without_v
from reviews.intake.rules import Rules
from reviews.intake.statements import Source, Statement, statements_of

MOST_PARTS = 10


class Explanation(NamedTuple):
    """Whether a pull request is accepted and why, and what it changes.

    `source` names the first source: Dependabot's trailer, a table, the title or a similar sentence,
    or the diff alone; None if nothing changes. `problems` says what could not be read.
    """

    taken: bool
    why: str
    changes: list[Change]
    source: Source | None
    problems: list[str]


def explain(pull_request: PullRequest, rules: Rules | None = None) -> Explanation:
    """Explain a pull request.

    Every change is in the diff. If a statement fits it, the change takes the statement's place in
    the order, its versions and its value of `direct`. Statements that fit nothing in the diff are
    left out.
    """
    taken, why = (rules or Rules()).judge(pull_request)
    found = moves_of(pull_request.diff)
    checked = _Checked(found.moves, found.variables)
    for statement in statements_of(pull_request):
        checked.take(statement)
    changes = [one.change for one in checked.in_order()]
    return Explanation(taken, why, changes, checked.source, found.problems)


class _Checked:
    """The moves of a diff, and which of them are stated."""

    def __init__(self, moves: list[Move], variables: list[Move]) -> None:
        self._moves = moves
        self._variables = variables
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for at, move in enumerate(moves):
            for name in _names(move):
                self._by_name[name].append(at)
        self._stated: dict[int, Source] = {}

    @property
    def source(self) -> Source | None:
        if self._stated:
            return next(iter(self._stated.values()))
        return "diff" if self._moves else None

    def in_order(self) -> list[Move]:
        """Return stated moves in the order of the statements, then what the project asks for."""
        rest = [at for at in range(len(self._moves)) if at not in self._stated]
        rest.sort(key=lambda at: not self._moves[at].change.direct)
        return without_doubles([self._moves[at] for at in [*self._stated, *rest]])

    def take(self, statement: Statement) -> None:
        """Keep a statement if it fits a move, or a variable that fits the package's name."""
        named = self._by_name.get(_plain(statement.name)) or self._in_repository(statement.name)
        fitting = [at for at in named if _fits(self._moves[at], statement)]
        for at in fitting:
            self._stated.setdefault(at, statement.source)
            self._moves[at] = _with(self._moves[at], statement)
        if not fitting and statement.old and statement.new:
            self._take_variable(statement)

    def _in_repository(self, name: str) -> list[int]:
        """Return the actions of a repository of which a path is named, such as a workflow."""
        moves = self._by_name.get(_plain("/".join(name.split("/")[:2])), [])
        return [at for at in moves if self._moves[at].change.ecosystem == actions.ECOSYSTEM]

    def _take_variable(self, statement: Statement) -> None:
        for one in self._variables:
            if _fits(one, statement) and _is_named_for(one, statement.name):
                change = one.change._replace(package=statement.name)
                if one.change.ecosystem == jvm.ECOSYSTEM and ":" not in statement.name:
                    continue
                self._stated[len(self._moves)] = statement.source
                self._by_name[_plain(statement.name)].append(len(self._moves))
                self._moves.append(_with(replace(one, change=change), statement))


def _names(move: Move) -> set[str]:
    """Return the names that machines use for a package."""
    change = move.change
    names = {change.package, identity(change.ecosystem, change.package)[1]}
    if change.ecosystem == docker.ECOSYSTEM:  # with and without the registry
        parts = change.package.split("/")[:MOST_PARTS]
        names |= {"/".join(parts[at:]) for at in range(len(parts))}
    if change.ecosystem == jvm.ECOSYSTEM:
        names.add(change.package.rpartition(":")[2])
    return {_plain(one) for one in names}


def _plain(name: str) -> str:
    """Return a name for comparison, by PyPI's rule, which also ignores case for others."""
    return re.sub(r"[-_.]+", "-", name.strip().lower())


def _fits(move: Move, statement: Statement) -> bool:
    """Return whether a statement says of a package what the diff does."""
    change, (old_digest, new_digest) = move.change, move.digests
    if statement.new is not None and (
        change.new is None or not agrees(statement.new, change.new, new_digest)
    ):
        return False
    return (
        statement.old is None or change.old is None or agrees(statement.old, change.old, old_digest)
    )


def _with(move: Move, statement: Statement) -> Move:
    """Return a move with the details of a statement that fits it.

    If the manifest has a range and the machine names its lowest versions, these are used.
    """
    change = move.change
    if change.direct is None:
        change = change._replace(direct=statement.direct)
    if statement.old and statement.new and change.old and change.new:
        old, new = without_v(statement.old), without_v(statement.new)
        if is_range(change.new) and (lowest(change.old), lowest(change.new)) == (old, new):
            change = change._replace(old=old, new=new)
    return replace(move, change=change)


VERSION_WORDS = frozenset(["version", "versions", "ver", "lib", "org", "com"])


def _is_named_for(variable: Move, package: str) -> bool:
    """Return whether a variable's name shares a word with a package's."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", variable.variable)
    return any(
        len(word) > 2 and word.lower() not in VERSION_WORDS and word.lower() in package.lower()
        for word in words
    )
