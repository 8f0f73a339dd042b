"""Which open APVs are overdue."""

from django.db.models import QuerySet

from realtime import clock
from reviews.deadlines.counting import OPEN
from reviews.models import Deadline


def overdue() -> QuerySet[Deadline]:
    """Return the deadlines that have passed, of APVs on which nobody has decided since."""
    return Deadline.objects.filter(due_at__lt=clock.now(), apv__status__in=OPEN)
