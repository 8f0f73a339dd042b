from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from realtime.channels import STATS
        from reviews import audit_signals, selectors

        STATS.read = selectors.stats_message
        audit_signals.connect_tokens()
        audit_signals.commit_together()
