"""Texts with invisible characters, for every text that a page may show."""

import re
from typing import Any

from rest_framework import serializers

from reviews.api.fields import ObjectField
from reviews.api.serializers.apvs import APVSerializer
from tests.support.injection import text_fields

IGNORABLE = [
    *(0xAD, 0x34F, 0x61C, 0x3164, 0xFEFF, 0xFFA0),
    *(*range(0x115F, 0x1161), *range(0x17B4, 0x17B6), *range(0x180B, 0x1810)),
    *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
    *(*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9)),
    *(*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
]
"""Default_Ignorable_Code_Point (DerivedCoreProperties.txt of Unicode 17.0.0)."""

HIDDEN = (
    "\u202e\u2066\u200f\u061c"  # direction
    "\u200b\u200d\ufeff\u2060\u00ad"  # no width
    "\ufe00\ufe0f\U000e0100"  # variations
    "\U000e0041\U000e007f"  # tags
    "\u115f\u1160\u3164\uffa0\u17b4\u180b\u034f\u2800"  # fillers
    "\u00a0\u2003\u3000\u1680\u2028\u2029\x85"  # spaces and ends of lines
    "\x01\x1b\x7f\ue000\U0010fffd\u0378\ufff9"  # controls, private use, what is not assigned
)
MIXED = "r\u0435quests"
"""With a Cyrillic letter."""
TEXT = MIXED + HIDDEN
RAW = re.compile(f"[{HIDDEN}]")
KEPT_IN_CONTROLS = re.compile(r' value="[^"]*"|<textarea[^>]*>[^<]*')


def raw_on(page: str) -> list[str]:
    """Return the raw HTML around invisible characters of a page."""
    page = KEPT_IN_CONTROLS.sub("", page)
    return [ascii(page[max(0, found.start() - 60) :][:80]) for found in RAW.finditer(page)]


def apv_with_invisible() -> dict[str, Any]:
    """Return an APV with invisible characters in each text field."""
    return {name: _fitting(name) for name in text_fields()}


def postable_apv() -> dict[str, Any]:
    """Return its fields that REST accepts: it refuses such addresses."""
    given = apv_with_invisible()
    return {name: value for name, value in given.items() if not name.endswith("_url")}


def _fitting(name: str) -> Any:
    field: Any = APVSerializer().fields[name]
    if name == "patch_diff":
        return f"--- a/{TEXT}.py\n+++ b/{TEXT}.py\n@@ -1 +1 @@ {TEXT}\n-old\n+{TEXT} = 1\r\n"
    if isinstance(field, serializers.ListField):
        return [TEXT]
    if isinstance(field, ObjectField):
        return {TEXT: TEXT, f"{TEXT}_before": 1, f"{TEXT}_after": 2, "nested": [{TEXT: [TEXT]}]}
    if name.endswith("_url"):
        return "https://example.com/" + re.sub(r"[\s\x1b]", "", TEXT)
    return TEXT[: field.max_length]
