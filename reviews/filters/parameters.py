"""The parameters of filters, each declared once, in the order in which addresses have them."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews import search, selectors
from reviews.choices import Dependency, PatchStrategy, Severity, VersionStep, WargameVerdict
from reviews.filters.deadlines import DueIn
from reviews.filters.kinds import Choice, Offered, Parameter
from reviews.filters.spans import UNKNOWN, Ages, Numbers
from reviews.filters.special import (
    HasValue,
    Labels,
    OfPatch,
    Paths,
    Pattern,
    Repository,
    Search,
    YesNo,
)
from reviews.filters.teamwork import ME, MY_GROUPS, Approvals, Assigned, Claimed, Commented
from reviews.patch_facts import version_step_of

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
        Pattern("branch", _("Branch"), column="pr_branch", example="renovate/*"),
        Labels("label", _("Label"), column="pull_request__labels"),
        Paths("path", _("File"), column="paths", example="services/, *.lock"),
        OfPatch(
            "step",
            _("Step of the version"),
            column="version_step",
            read_patch=version_step_of,
            unknown=UNKNOWN,
            choices=[*VersionStep.choices, (UNKNOWN, _("unknown"))],
        ),
        OfPatch(
            "dependency",
            _("Dependency"),
            unknown=UNKNOWN,
            choices=[*Dependency.choices, (UNKNOWN, _("unknown"))],
        ),
        DueIn("due", _("Due"), column="due_at", example="overdue, soon, -8h, 1d-1w, none"),
        Ages("age", _("Waiting for"), column="created_at", example="24h-, -2d, 1d-1w"),
        Numbers("epss", _("EPSS"), example="0.5-, 0.1-0.5"),
        YesNo(
            "kev",
            _("Known exploited"),
            column="known_exploited",
            unknown=UNKNOWN,
            choices=[("yes", _("yes")), ("no", _("no")), (UNKNOWN, _("unknown"))],
        ),
        Claimed(
            "claimed",
            _("Claimed"),
            choices=[
                (ME, pgettext_lazy("claimed", "by me")),
                ("free", pgettext_lazy("claimed", "by nobody")),
                ("anybody", pgettext_lazy("claimed", "by anybody")),
            ],
        ),
        Assigned(
            "assigned",
            _("Assigned"),
            choices=[
                (ME, pgettext_lazy("assigned", "to me")),
                (MY_GROUPS, pgettext_lazy("assigned", "to my groups")),
                ("nobody", pgettext_lazy("assigned", "to nobody")),
                ("anybody", pgettext_lazy("assigned", "to anybody")),
            ],
        ),
        Commented(
            "commented",
            _("Comments"),
            choices=[
                ("yes", pgettext_lazy("comments", "some")),
                ("no", pgettext_lazy("comments", "none")),
            ],
        ),
        Approvals(
            "approvals",
            _("Approvals"),
            choices=[
                ("none", pgettext_lazy("approvals", "none yet")),
                ("some", pgettext_lazy("approvals", "waits for another")),
                ("last", pgettext_lazy("approvals", "waits for the last one")),
            ],
        ),
        Parameter("package_version", _("Vulnerable version"), takes_several=False),
        Parameter("fixed_version", _("Fixed version"), takes_several=False),
    )
}
