"""The scripts of pages: they read their data from the page and do not repeat it."""

import re
from pathlib import Path

from reviews.console.words import kinds, words
from reviews.decision_kinds import DecisionKind

ROOT = Path(__file__).parents[2]
SCRIPTS = [*ROOT.glob("reviews/static/reviews/**/*.js"), *ROOT.glob("realtime/static/**/*.js")]
OURS = {path: path.read_text() for path in SCRIPTS if "vendor" not in path.parts}
TYPES = (ROOT / "reviews" / "console" / "page.d.ts").read_text()


def test_types_name_each_sentence_of_the_page() -> None:
    declared = re.findall(r'^  \| "(\w+)"', TYPES, re.MULTILINE)
    given = [name for name, sentence in words().items() if isinstance(sentence, str)]
    assert sorted(declared) == sorted(given)


def test_each_sentence_is_said_by_a_script() -> None:
    for name in words():
        said = re.compile(rf'words\.{name}\b|"{name}"')
        assert any(said.search(script) for script in OURS.values()), name


def test_no_script_names_a_kind_of_decision() -> None:
    quoted = re.compile("[\"'](" + "|".join(DecisionKind.values) + ")[\"']")
    assert {
        path.name: quoted.findall(text) for path, text in OURS.items() if quoted.search(text)
    } == {}


def test_module_of_the_socket_names_no_event() -> None:
    module = OURS[ROOT / "realtime" / "static" / "realtime" / "socket.js"]
    assert not re.search("new_apv|decision_made|stats_update", module)


def test_each_kind_of_decision_has_a_key_of_its_own() -> None:
    taken = re.findall(r"^    (\w|\"/\"|\"\?\"): ", OURS[script("keys.js")], re.MULTILINE)
    assert {"j", "k", "n"} < set(taken)
    keys = [*(kind.traits.key for kind in DecisionKind), *taken]
    assert len(set(keys)) == len(keys)
    assert [kind for kind, about in kinds().items() if about["modifies"]] == ["modify"]


def script(name: str) -> Path:
    return ROOT / "reviews" / "static" / "reviews" / name
