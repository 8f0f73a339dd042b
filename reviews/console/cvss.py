"""A CVSS vector spelled out: its base metrics in words (CVSS 3.1 §2, CVSS 4.0 §2)."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

HIGH, LOW, NONE = (
    pgettext_lazy("CVSS", "High"),
    pgettext_lazy("CVSS", "Low"),
    pgettext_lazy("CVSS", "None"),
)
IMPACT = {"H": HIGH, "L": LOW, "N": NONE}
WORDS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "AV": (
        _("Attack vector"),
        {
            "N": pgettext_lazy("CVSS", "Network"),
            "A": pgettext_lazy("CVSS", "Adjacent network"),
            "L": pgettext_lazy("CVSS", "Local"),
            "P": pgettext_lazy("CVSS", "Physical"),
        },
        "N",
    ),
    "AC": (_("Attack complexity"), {"L": LOW, "H": HIGH}, "L"),
    "AT": (_("Attack requirements"), {"N": NONE, "P": pgettext_lazy("CVSS", "Present")}, "N"),
    "PR": (_("Privileges required"), IMPACT, "N"),
    "UI": (
        _("User interaction"),
        {
            "N": NONE,
            "R": pgettext_lazy("CVSS", "Required"),
            "P": pgettext_lazy("CVSS", "Passive"),
            "A": pgettext_lazy("CVSS", "Active"),
        },
        "N",
    ),
    "S": (
        _("Scope"),
        {"C": pgettext_lazy("CVSS", "Changed"), "U": pgettext_lazy("CVSS", "Unchanged")},
        "C",
    ),
    "C": (_("Confidentiality"), IMPACT, "H"),
    "I": (_("Integrity"), IMPACT, "H"),
    "A": (_("Availability"), IMPACT, "H"),
    "VC": (_("Confidentiality, this system"), IMPACT, "H"),
    "VI": (_("Integrity, this system"), IMPACT, "H"),
    "VA": (_("Availability, this system"), IMPACT, "H"),
    "SC": (_("Confidentiality, other systems"), IMPACT, "H"),
    "SI": (_("Integrity, other systems"), IMPACT, "H"),
    "SA": (_("Availability, other systems"), IMPACT, "H"),
}
"""For each base metric its name, its values, and the value that suits an attacker best."""


class Metric(NamedTuple):
    """One metric of a vector in words; `grave` where it could not be worse."""

    code: str
    name: Any
    value: Any
    grave: bool


def spelled(vector: str) -> list[Metric]:
    """The base metrics of a CVSS 3 or 4 vector in words, in its order; others are left out."""
    return [
        Metric(code, WORDS[code][0], WORDS[code][1][value], value == WORDS[code][2])
        for code, _colon, value in (part.partition(":") for part in vector.split("/"))
        if code in WORDS and value in WORDS[code][1]
    ]
