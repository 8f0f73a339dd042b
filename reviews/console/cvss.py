"""A CVSS vector in words: its base metrics (CVSS 2.0 §2, 3.1 §2, 4.0 §2)."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Translations need the gender of the noun, so each kind of metric has its own context.
COMPLEXITY = {
    "L": pgettext_lazy("CVSS complexity", "Low"),
    "H": pgettext_lazy("CVSS complexity", "High"),
}
PRIVILEGES = {
    "N": pgettext_lazy("CVSS privileges", "None"),
    "L": pgettext_lazy("CVSS privileges", "Low"),
    "H": pgettext_lazy("CVSS privileges", "High"),
}
IMPACT = {
    "H": pgettext_lazy("CVSS impact", "High"),
    "L": pgettext_lazy("CVSS impact", "Low"),
    "N": pgettext_lazy("CVSS impact", "None"),
}
INTERACTION = {
    "N": pgettext_lazy("CVSS interaction", "None"),
    "R": pgettext_lazy("CVSS interaction", "Required"),
    "P": pgettext_lazy("CVSS interaction", "Passive"),
    "A": pgettext_lazy("CVSS interaction", "Active"),
}
REQUIREMENTS = {
    "N": pgettext_lazy("CVSS requirements", "None"),
    "P": pgettext_lazy("CVSS requirements", "Present"),
}
SCOPE = {
    "C": pgettext_lazy("CVSS scope", "Changed"),
    "U": pgettext_lazy("CVSS scope", "Unchanged"),
}
VECTOR = {
    "N": pgettext_lazy("CVSS vector", "Network"),
    "A": pgettext_lazy("CVSS vector", "Adjacent network"),
    "L": pgettext_lazy("CVSS vector", "Local"),
    "P": pgettext_lazy("CVSS vector", "Physical"),
}
EXPLOITED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "AV": (_("Attack vector"), VECTOR, "N"),
    "AC": (_("Attack complexity"), COMPLEXITY, "L"),
    "AT": (_("Attack requirements"), REQUIREMENTS, "N"),
    "PR": (_("Privileges required"), PRIVILEGES, "N"),
    "UI": (_("User interaction"), INTERACTION, "N"),
}
HARMED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "S": (_("Scope"), SCOPE, "C"),
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
WORDS = EXPLOITED | HARMED
"""For each base metric its name, its values, and the value that suits an attacker best."""

EXPLOITED_V2: dict[str, tuple[Any, dict[str, Any], str]] = {
    "AV": EXPLOITED["AV"],
    "AC": (
        EXPLOITED["AC"][0],
        COMPLEXITY | {"M": pgettext_lazy("CVSS complexity", "Medium")},
        "L",
    ),
    "Au": (
        _("Authentication"),
        {
            "N": pgettext_lazy("CVSS authentication", "None"),
            "S": pgettext_lazy("CVSS authentication", "Single"),
            "M": pgettext_lazy("CVSS authentication", "Multiple"),
        },
        "N",
    ),
}
IMPACT_V2 = {
    "N": pgettext_lazy("CVSS impact", "None"),
    "P": pgettext_lazy("CVSS impact", "Partial"),
    "C": pgettext_lazy("CVSS impact", "Complete"),
}
WORDS_V2 = EXPLOITED_V2 | {code: (HARMED[code][0], IMPACT_V2, "C") for code in ("C", "I", "A")}
"""The same for CVSS 2.0, https://www.first.org/cvss/v2/guide."""


class Metric(NamedTuple):
    """One metric of a vector in words; `grave` if it has the worst value."""

    code: str
    name: Any
    value: Any
    grave: bool


def spelled(vector: str) -> list[Metric]:
    """Return the base metrics of a CVSS vector in words, in its order, without others."""
    words = WORDS if vector.startswith("CVSS:") else WORDS_V2
    return [
        Metric(code, words[code][0], words[code][1][value], value == words[code][2])
        for code, _colon, value in (part.partition(":") for part in vector.split("/"))
        if code in words and value in words[code][1]
    ]


def grouped(vector: str) -> list[list[Metric]]:
    """Return the metrics of exploitation and of impact, without empty groups."""
    metrics = spelled(vector)
    groups = [[one for one in metrics if one.code in codes] for codes in (EXPLOITED, HARMED)]
    return [group for group in groups if group]
