"""Documents agree with the code."""

import re
from itertools import chain
from pathlib import Path

from django.core.management import call_command

from hitl_project.javascript_messages import javascript_messages
from hitl_project.management.commands.write_docs import (
    DOCS,
    PACKAGE_MESSAGES,
    SOCKET_MODULE,
    with_close_codes,
    with_tables,
)
from reviews.choices import EffectState
from reviews.effects.states import FIRST, FOLLOWING
from tests.support.site import ROOT

VARIABLE = re.compile(r"\b(?:env\.\w+|number|switch|url|database_url|redis_url)\(\s*\"([A-Z_]+)\"")
OF_COMPOSE = re.compile(r"\$\{([A-Z_]+)")


def test_protocol_page_has_the_messages_of_the_code() -> None:
    page = (DOCS / "protocol.md").read_text()
    assert with_tables(page) == page, "run make docs"


def test_browser_module_has_the_close_codes_of_the_code() -> None:
    module = SOCKET_MODULE.read_text()
    assert with_close_codes(module) == module, "run make docs"


def test_messages_of_the_npm_package_are_those_of_the_code() -> None:
    assert PACKAGE_MESSAGES.read_text() == javascript_messages(), "run make docs"


def test_openapi_file_is_what_the_server_serves(tmp_path: Path) -> None:
    call_command("spectacular", file=str(tmp_path / "openapi.yaml"), validate=True)
    assert (tmp_path / "openapi.yaml").read_text() == (DOCS / "openapi.yaml").read_text(), (
        "run make docs"
    )


def test_every_variable_stands_in_the_example_and_no_other() -> None:
    read = set(VARIABLE.findall((ROOT / "hitl_project" / "settings.py").read_text()))
    written = re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    of_compose = set(OF_COMPOSE.findall((ROOT / "compose.yaml").read_text()))
    assert read | of_compose | {"HITL_VAR"} == set(written)


def test_every_promise_names_tests_that_exist() -> None:
    pages = (DOCS / name for name in ("security.md", "effects.md"))
    named = [re.findall(r"`(tests/[a-z_/]+\.py)::(\w+)`", page.read_text()) for page in pages]
    assert all(named)
    for file, test in chain(*named):
        assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE), test


def test_drawing_of_effects_has_the_steps_of_the_code() -> None:
    page = (DOCS / "effects.md").read_text()
    drawn = re.findall(r"^    ([\w*\[\]]+) --> (\w+)", page, re.MULTILINE)
    steps = [(state.value, one.value) for state, all_of in FOLLOWING.items() for one in all_of]
    assert sorted(drawn) == sorted([*steps, *(("[*]", one.value) for one in FIRST)])
    rows = re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE)
    assert sorted(rows) == sorted(EffectState.values)


def test_links_between_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "SECURITY.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
