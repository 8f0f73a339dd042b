"""The groups of people and what each may do."""

from typing import Any

READ = ("apv.view_apv", "decision.view_decision", "apv.view_stats")

ROLES: dict[str, tuple[str, ...]] = {
    "observers": READ,
    "pipelines": ("apv.view_apv", "apv.add_apv"),
    "reviewers": (*READ, "apv.decide_apv"),
    "leads": (*READ, "apv.decide_apv", "apv.decide_escalated"),
}
"""For each group, its permissions as `model.codename`."""


def create_groups(group: Any, permission: Any, content_type: Any) -> None:
    """Make the groups, through the given model classes of `auth` and `contenttypes`.

    Permissions are made here too: a migration runs before Django makes its own, which then finds
    them there.
    """
    for name, codenames in ROLES.items():
        granted = [_permission(one, permission, content_type) for one in codenames]
        group.objects.get_or_create(name=name)[0].permissions.set(granted)


def _permission(name: str, permission: Any, content_type: Any) -> Any:
    model, codename = name.split(".")
    content, _ = content_type.objects.get_or_create(app_label="reviews", model=model)
    found, _ = permission.objects.get_or_create(
        content_type=content, codename=codename, defaults={"name": LABELS[codename]}
    )
    return found


LABELS = {
    "view_apv": "Can view APV",
    "add_apv": "Can add APV",
    "view_decision": "Can view decision",
    "view_stats": "Can view the review statistics",
    "decide_apv": "Can decide pending APVs",
    "decide_escalated": "Can decide escalated APVs",
}
