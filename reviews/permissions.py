"""The permissions of the review, and those of each group, declared once."""

from enum import StrEnum
from typing import Any

from reviews.choices import Status


class Permission(StrEnum):
    """A permission by its full name, as `has_perm` expects it, with its model."""

    model: str
    label: str

    def __new__(cls, codename: str, model: str, label: str) -> "Permission":
        permission = str.__new__(cls, f"reviews.{codename}")
        permission._value_ = f"reviews.{codename}"
        permission.model, permission.label = model, label
        return permission

    VIEW_APV = "view_apv", "apv", "Can view APV"
    ADD_APV = "add_apv", "apv", "Can add APV"
    CHANGE_APV = "change_apv", "apv", "Can change APV"
    VIEW_DECISION = "view_decision", "decision", "Can view decision"
    DECIDE_APV = "decide_apv", "apv", "Can decide pending APVs"
    DECIDE_ESCALATED = "decide_escalated", "apv", "Can decide escalated APVs"
    DECIDE_ON_BEHALF = (
        *("decide_on_behalf", "apv"),
        "Can record a decision under another reviewer's name",
    )
    REPORT_OUTCOME = "report_outcome", "apv", "Can report what became of a decision"
    VIEW_STATS = "view_stats", "apv", "Can view the review statistics"
    COMMENT_APV = "comment_apv", "comment", "Can comment on APVs"
    MANAGE_POLICIES = "manage_policies", "policy", "Can manage policies"
    MANAGE_TEMPLATES = "manage_templates", "template", "Can manage templates of justifications"
    MANAGE_VIEWS = "manage_views", "savedview", "Can manage shared views"

    @property
    def codename(self) -> str:
        return self.value.partition(".")[2]


OF_APVS: list[tuple[str, Any]] = [
    (one.codename, one.label)
    for one in (
        *(Permission.DECIDE_APV, Permission.DECIDE_ESCALATED),
        *(Permission.DECIDE_ON_BEHALF, Permission.REPORT_OUTCOME, Permission.VIEW_STATS),
    )
]
"""Those that Django does not make by itself."""

LEAD = (Permission.DECIDE_APV, Permission.DECIDE_ESCALATED)
"""What those have who decide on what others escalated."""
DECIDERS = {
    Status.PENDING: (Permission.DECIDE_APV,),
    Status.ESCALATED: LEAD,
}
"""The permissions that deciding needs, for each status in which an APV is open."""
READ = (Permission.VIEW_APV, Permission.VIEW_DECISION, Permission.VIEW_STATS)
ROLES: dict[str, tuple[Permission, ...]] = {
    "observers": READ,
    "pipelines": (
        *(Permission.VIEW_APV, Permission.ADD_APV, Permission.CHANGE_APV),
        Permission.REPORT_OUTCOME,
    ),
    "reviewers": (*READ, Permission.DECIDE_APV, Permission.COMMENT_APV),
    "leads": (
        *(*READ, *LEAD, Permission.COMMENT_APV, Permission.MANAGE_POLICIES),
        *(Permission.MANAGE_TEMPLATES, Permission.MANAGE_VIEWS),
    ),
}
"""For each group, what its users may do."""


def is_lead(user: Any) -> bool:
    return bool(user.has_perms(LEAD))


def create_groups(group: Any, permission: Any, content_type: Any) -> None:
    """Create the groups, through the given model classes of `auth` and `contenttypes`.

    This also creates the permissions: a migration runs before Django creates its own, and Django
    then finds them.
    """
    for name, granted in ROLES.items():
        rows = [_row(one, permission, content_type) for one in granted]
        group.objects.get_or_create(name=name)[0].permissions.set(rows)


def _row(wanted: Permission, permission: Any, content_type: Any) -> Any:
    content, _ = content_type.objects.get_or_create(app_label="reviews", model=wanted.model)
    found, _ = permission.objects.get_or_create(
        content_type=content, codename=wanted.codename, defaults={"name": wanted.label}
    )
    return found
