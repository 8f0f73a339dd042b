"""The parameters of filters, each declared once, in the order in which addresses have them."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews import search, selectors
from reviews.choices import PatchStrategy, Severity, WargameVerdict
from reviews.filters.kinds import Choice, Offered, Parameter
from reviews.filters.special import HasValue, Repository, Search

NOT_RUN = "none"

SEARCH = Search("search", _("Search code, CVE, package and text"), takes_several=False, longest=200)
SEARCH_IN_TEXT = replace(SEARCH, fields=search.SEARCHED, suffix="&within=text")
"""The same parameter if titles and descriptions are searched too, as `within` says."""
WITHIN = Choice("within", _("Search in"), takes_several=False, choices=[("text", _("all text"))])

PARAMETERS: dict[str, Parameter] = {
    one.name: one
    for one in (
        SEARCH,
        Choice("severity", _("Severity"), choices=Severity.choices),
        Choice("patch_strategy", _("Strategy"), choices=PatchStrategy.choices),
        Choice(
            "wargame_verdict",
            _("Wargame"),
            choices=[*WargameVerdict.choices, (NOT_RUN, pgettext_lazy("wargame", "not run"))],
            unknown=NOT_RUN,
        ),
        Offered("package_ecosystem", _("Ecosystem"), offers=selectors.ecosystem_choices),
        HasValue(
            "pull_request",
            _("Pull request"),
            column="pr_number",
            choices=[
                ("yes", pgettext_lazy("pull request", "has one")),
                ("no", pgettext_lazy("pull request", "has none")),
            ],
        ),
        Parameter("package_name", _("Package")),
        Parameter("cve_id", _("CVE")),
        Repository("repository", _("Repository")),
        Parameter("author", _("Author"), column="pull_request__author"),
        Parameter("package_version", _("Vulnerable version")),
        Parameter("fixed_version", _("Fixed version")),
    )
}
