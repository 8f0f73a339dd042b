"""Read the audit, where archives count too."""

from audit.choices import AuditAction
from audit.models import Archive, Entry
from realtime.snapshot import snapshot


def count_of(action: AuditAction) -> int:
    """Return how many entries there have ever been of an action."""
    with snapshot():
        archives = list(Archive.objects.order_by("last"))
        last = archives[-1].last if archives else 0
        kept = Entry.objects.filter(action=action, sequence__gt=last).count()
    return kept + sum(int(archive.actions.get(action, 0)) for archive in archives)
