"""What carries a decision out, and what has become of it."""

import uuid
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from realtime import clock
from reviews.choices import EffectKind, EffectState
from reviews.effects.states import FIRST, FOLLOWING
from reviews.models.constraints import one_of
from reviews.models.decision import Decision


class Effect(models.Model):
    """What carries a decision out on the forge, and what has become of it. Never deleted.

    A trigger in the database refuses DELETE, and a state that may not follow the one before
    (migration 0009). `head_commit` is the commit that was decided on. `next_at` is when the console
    tries it next, None if it does not. `answer` is what the forge said last, or why it was not
    asked. The id is told to nobody: it marks the comments on the forge. A trigger sets `superseded`
    once the APV has another revision or status than the decision gave it (migration 0010).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    decision = models.OneToOneField(
        Decision, on_delete=models.PROTECT, related_name="effect", verbose_name=_("decision")
    )
    kind = models.CharField(_("kind"), max_length=15, choices=EffectKind)
    state = models.CharField(_("state"), max_length=10, choices=EffectState)
    head_commit = models.CharField(_("head commit"), max_length=64, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    in_merge_queue = models.BooleanField(_("in the merge queue"), default=False)
    answer = models.TextField(_("answer"), blank=True, help_text=_("What the forge said last."))
    merged_commit = models.CharField(_("merge commit"), max_length=64, blank=True)
    outcome_url = models.CharField(_("address of the outcome"), max_length=2000, blank=True)
    created_at = models.DateTimeField(_("created at"), default=clock.now)
    held_until = models.DateTimeField(_("held until"), null=True)
    due_at = models.DateTimeField(
        _("due at"), null=True, help_text=_("When it was first to be carried out, or again.")
    )
    next_at = models.DateTimeField(_("next attempt at"), null=True)
    changed_at = models.DateTimeField(_("changed at"), default=clock.now)
    done_at = models.DateTimeField(_("done at"), null=True)
    superseded = models.BooleanField(
        _("superseded"),
        default=False,
        db_default=False,
        help_text=_("Whether its APV became something else since."),
    )

    class Meta:
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=one_of("kind", EffectKind), name="effect_kind"),
            models.CheckConstraint(condition=one_of("state", EffectState), name="effect_state"),
            models.CheckConstraint(
                condition=models.Q(state=EffectState.DONE) ^ models.Q(done_at__isnull=True),
                name="effect_done_at",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "next_at"], name="effect_due"),
            models.Index(fields=["-changed_at"], name="effect_newest"),
            models.Index(
                fields=["state", "due_at"],
                condition=models.Q(superseded=False),
                name="effect_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.decision_id}"

    def change_state(self, state: EffectState, at: datetime) -> None:
        """Set the state, unsaved. Raise ValidationError if it may not follow the present one."""
        if self._state.adding:
            allowed = state in FIRST
        else:
            allowed = state == self.state or state in FOLLOWING[EffectState(self.state)]
        if not allowed:
            raise ValidationError(f"An effect that is {self.state} cannot become {state}.")
        self.state, self.changed_at = state, at
        self.done_at = at if state == EffectState.DONE else None
