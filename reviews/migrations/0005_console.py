from django.db import migrations, models
from django.db.models.functions import Coalesce

PENDING = models.Q(status="pending")
NARROWED_BY = (
    "priority",
    "severity",
    "patch_strategy",
    "wargame_verdict",
    "package_ecosystem",
    "package_name",
)


class Migration(migrations.Migration):
    """The vector behind a CVSS score, and an index for each order of the queue."""

    dependencies = [("reviews", "0004_audit")]

    operations = [
        migrations.AddField(
            "apv",
            "cvss_vector",
            models.CharField(
                "CVSS vector",
                blank=True,
                max_length=300,
                help_text="The metrics behind the score.",
            ),
        ),
        migrations.RemoveIndex("apv", "apv_queue"),
        migrations.AddIndex(
            "apv",
            models.Index(
                models.F("priority") * models.Value(-1),
                "created_at",
                "apv_id",
                include=NARROWED_BY,
                name="apv_queue_priority",
                condition=PENDING,
            ),
        ),
        migrations.AddIndex(
            "apv",
            models.Index(
                models.F("priority") * models.Value(-1), "created_at", "apv_id", name="apv_order"
            ),
        ),
        migrations.AddIndex(
            "apv",
            models.Index("created_at", "apv_id", name="apv_queue_age", condition=PENDING),
        ),
        migrations.AddIndex(
            "apv",
            models.Index(
                Coalesce(models.F("cvss_score"), 0.0) * models.Value(-1.0),
                "created_at",
                "apv_id",
                name="apv_queue_score",
                condition=PENDING,
            ),
        ),
    ]
