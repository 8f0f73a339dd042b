"""What a program may post: texts, numbers, diffs and bodies that may cause trouble."""

import json
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from reviews.console.languages import PATTERNS
from tests.support.injection import CORPUS
from tests.support.invisible_characters import HIDDEN, TEXT

UNITS = (
    *("\n", " ", "\t", "\t\n", "a\n", "a.", "(", "[", "{", "<", "<!--", "</a>", "/*", "//", "#{"),
    *("${", "'", '"', "'\\", "\\", "`", "%", "&", "&amp;", "=", ":", "- ", "1.", "e9", "@", "~"),
    *("http://a", "www.", "a@b.", "é", "名", "🙂", "e\u0301\u0301", "\u202e", "\ufe0f", "\u0435a"),
    *(
        "_",
        "\r",
        "before",
        "after",
        "before_after",
        "\\u0000",
        "{{a}}",
        "{%a%}",
        "%s",
        "\U000e0041",
    ),
)
"""What is slow, or wrong, when it comes again and again."""
NUMBERS: tuple[Any, ...] = (
    *(0, -0.0, 1, -1, 1.5, 1e300, -1e300, 5e-324, 2**31, 2**53, 2**63, 2**64, 10**299, True),
    *(10**400, -(10**400), 1e308, "1e400", "Infinity", "NaN", "1_000", "٣", None, "", [], {}),
)
OTHER_NAMES = ("x.mcschema", "x.ezt", "a.service", "a.lhs", "a.Rout", "a.sh-session", "a", "..", "")
SHORT, LONG = 3_000, 150_000
"""Characters of a text that is repeated, and of the few that are very long."""


class Inputs:
    """Inputs that are reproducible by their seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def text(self, most: int = SHORT) -> str:
        one = self.random
        kind = one.randrange(6)
        if kind == 0:
            return one.choice(CORPUS)[:most]
        if kind == 1:
            return f"{one.choice(('', 'a '))}{TEXT}"[:most]
        if kind == 2:
            return "".join(one.choice(UNITS) for _ in range(min(most, 200)))[:most]
        unit = one.choice(UNITS)
        return (one.choice(("", "x = ", "requests")) + unit * (most // len(unit) + 1))[:most]

    def diff(self) -> str:
        """Return a diff, or a text that claims to be one, with files of any name."""
        size = self.random.choice((SHORT, SHORT, SHORT, LONG))
        if self.random.random() < 0.1:
            return self.text(size)
        return "".join(self._file(size) for _ in range(self.random.choice((1, 1, 3, 40))))[:500_000]

    def _file(self, size: int) -> str:
        pattern = self.random.choice(self.random.choice([*PATTERNS.values()]).split())
        name = self.random.choice((pattern.replace("*", "a"), *OTHER_NAMES[: 1 + size // SHORT]))
        lines = self.text(size).split("\n")
        signs = [self.random.choice("+- ") for _ in lines]
        counted = self.random.choice((len(lines), len(lines) + 7, 0, 10**9))
        head = f"--- a/{name}\n+++ b/{name}\n@@ -1,{counted} +1,{counted} @@ {self.text(20)}\n"
        return head + "".join(f"{s}{line}\n" for s, line in zip(signs, lines, strict=True))

    def value(self, depth: int = 0) -> Any:
        """Return a JSON value, sometimes nested deeper than allowed."""
        kind = self.random.randrange(5)
        if kind == 0 and depth < 3:
            return {self.text(40): self.value(depth + 1) for _ in range(self.random.choice((1, 9)))}
        if kind == 1 and depth < 3:
            return [self.value(depth + 1) for _ in range(self.random.choice((1, 9)))]
        return self.random.choice(NUMBERS) if kind < 4 else self.text(200)

    def evidence(self) -> Any:
        makers: tuple[Callable[[], Any], ...] = (
            lambda: {f"x{n}_{s}": self.value(2) for n in range(9) for s in ("before", "after")},
            lambda: {f"k{n}": n for n in range(self.random.choice((5, 15_000)))},
            lambda: {"a": nested(self.random.choice((40, 49, 50, 900)))},
            lambda: {"a": [nested(40)] * 1_000},
            lambda: {self.text(LONG): self.text(SHORT)},
            lambda: {"x_before": self.random.choice(NUMBERS), "x_after": 1.5},
            self.value,
        )
        return self.random.choice(makers)()

    def apv(self) -> dict[str, Any]:
        """Return an APV that is mostly accepted: a few of its fields are arbitrary."""
        given: dict[str, Any] = {
            "severity": self.random.choice(("CRITICAL", "HIGH", "LOW")),
            "patch_strategy": "version_bump",
            "package_name": self.text(214).strip("\0\n\t ") or "a",
            "pr_number": 7,
        }
        makers = self._fields()
        for name in self.random.sample([*makers], k=self.random.choice((1, 3, len(makers)))):
            given[name] = makers[name]()
        return given

    def _fields(self) -> dict[str, Callable[[], Any]]:
        lengths = {
            **{"cve_title": 300, "cve_description": 20_000, "cvss_vector": 300},
            **{"package_version": 100, "package_ecosystem": 50, "fixed_version": 100},
            **{"vulnerable_code_signature": 10_000, "vulnerable_code_type": 100},
            **{"patch_description": 20_000, "pr_branch": 255},
        }
        texts: dict[str, Callable[[], Any]] = {
            name: partial(self.text, most) for name, most in lengths.items()
        }
        return {
            **texts,
            "patch_diff": self.diff,
            "wargame_evidence": self.evidence,
            "affected_files": lambda: [self.text(200) for _ in range(self.random.choice((2, 900)))],
            "validation_warnings": lambda: [self.text(1_900)] * self.random.choice((1, 200)),
            "pr_url": lambda: "https://example.com/" + self.text(300).translate(NO_SPACE),
        }

    def spoiled(self) -> dict[str, Any]:
        """Return an APV with one arbitrary field."""
        given = self.apv()
        name = self.random.choice(
            (*given, "cwe_ids", "apv_code", "cvss_score", "confirmed", "cve_id")
        )
        given[name] = self.random.choice((self.value, self.text, self.evidence, list, dict))()
        return given

    def body(self) -> bytes:
        """Return a body that may not even be JSON."""
        return self.random.choice(
            (
                b"[" * 100_000,
                b'{"a":' * 100_000,
                b'{"pr_number": 1' + b"0" * 5_000 + b"}",
                b'{"cvss_score": 1e999}',
                b'{"severity": "\\ud800", "package_name": "\\udfff"}',
                b'{"severity": NaN}',
                b"\xff\xfe{}",
                json.dumps([{}] * 2_000).encode(),
                json.dumps({"cwe_ids": ["x" * 50] * 5_000}).encode(),
                json.dumps({self.text(LONG): self.text(LONG)}).encode(),
                self.text().encode(errors="replace"),
            )
        )

    def decision(self, apv_id: str) -> dict[str, Any]:
        return {
            "apv_id": apv_id,
            "decision": self.random.choice(("approve", "reject", "modify", "escalate")),
            "justification": self.text(4_000) + " and so on",
            "confidence": self.random.choice((0.5, 1, *NUMBERS)),
            "modifications": self.evidence() or {"a": 1},
            "reviewer_name": self.text(100),
        }


NO_SPACE = dict.fromkeys(map(ord, f"{HIDDEN}\n\t\r "))


def nested(depth: int) -> Any:
    """Return so many nested lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value
