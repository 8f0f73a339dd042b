"""The event log: a counter for each channel, and the numbered events."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


def new_epoch() -> str:
    return uuid.uuid4().hex


class CurrentHistory(models.Func):
    """The history that the database is in now: its cluster, its database and their timeline.

    It changes when a replica is promoted, and when a backup is restored up to a point in time or
    into another database. Events that were committed before may be missing then, and their offsets
    are given again. A standby has none: PostgreSQL answers with an error.
    """

    function = "realtime_history"
    output_field = models.TextField()


class Counter(models.Model):
    """The top of a channel's log. Its row lock, held to commit, puts offsets in commit order."""

    channel = models.CharField(max_length=100, primary_key=True)
    epoch = models.CharField(max_length=32, default=new_epoch)
    history = models.CharField(
        max_length=100,
        db_default=CurrentHistory(),
        help_text="The history of the database that its epoch belongs to.",
    )
    top = models.PositiveBigIntegerField(default=0, help_text="The offset given last.")

    class Meta:
        verbose_name = "channel counter"

    def __str__(self) -> str:
        return f"{self.channel} {self.top}"


class Event(models.Model):
    """One event of a channel's log, as sockets receive it."""

    channel = models.CharField(_("channel"), max_length=100)
    offset = models.PositiveBigIntegerField(_("offset"))
    type = models.CharField(_("type"), max_length=50)
    message = models.TextField(_("message"), help_text=_("The JSON text that sockets receive."))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["channel", "offset"], name="event_offset_once"),
            models.CheckConstraint(condition=models.Q(offset__gte=1), name="event_offset_from_one"),
        ]
        indexes = [models.Index(fields=["created_at"], name="event_age")]

    def __str__(self) -> str:
        return f"{self.channel} {self.offset} {self.type}"
