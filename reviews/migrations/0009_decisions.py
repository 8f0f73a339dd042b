import django.core.validators
from django.conf import settings
from django.db import migrations, models

COUNT = """
CREATE OR REPLACE FUNCTION reviews_tally_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reviews_tally (key, slot, count)
    SELECT key, mod(pg_backend_pid(), 8), sum(count) FROM (
        SELECT 'decided:' || decision || ':' || {recommendation} AS key, 1 AS count FROM added
        UNION ALL
        SELECT 'decided_on:' || to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ':' || decision, 1
        FROM added
        UNION ALL
        SELECT 'review_time:' || reviews_time_bucket(review_seconds), 1 FROM added
        UNION ALL
        SELECT 'review_microseconds', round(review_seconds * 1000000)::bigint FROM added
    ) AS changes
    GROUP BY key HAVING sum(count) <> 0 ORDER BY key
    ON CONFLICT (key, slot) DO UPDATE SET count = reviews_tally.count + EXCLUDED.count;
    RETURN NULL;
END
$$;
"""
"""As in 0003, but for decisions on which the machine had no opinion."""


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0012_reading_tabs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="apv",
            name="apv_status",
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_verb_known",
        ),
        migrations.AlterField(
            model_name="apv",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "pending"),
                    ("approved", "approved"),
                    ("rejected", "rejected"),
                    ("changes_requested", "changes requested"),
                    ("escalated", "escalated"),
                    ("dismissed", "dismissed"),
                ],
                default="pending",
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="action_taken",
            field=models.CharField(
                choices=[
                    ("pr_merged", "pull request to be merged"),
                    ("pr_closed", "pull request to be closed"),
                    ("changes_requested", "changes requested"),
                    ("assigned_to_lead", "assigned to a lead"),
                    ("dismissed", "nothing to merge or close"),
                ],
                max_length=20,
                verbose_name="action taken",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="confidence",
            field=models.FloatField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
                verbose_name="confidence",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="decision",
            field=models.CharField(
                choices=[
                    ("approve", "approve"),
                    ("reject", "reject"),
                    ("modify", "modify"),
                    ("escalate", "escalate"),
                    ("dismiss", "dismiss"),
                ],
                max_length=8,
                verbose_name="decision",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="recommendation",
            field=models.CharField(
                blank=True,
                choices=[("approve", "approve"), ("reject", "reject")],
                max_length=8,
                null=True,
                verbose_name="recommendation",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "pending",
                            "approved",
                            "rejected",
                            "changes_requested",
                            "escalated",
                            "dismissed",
                        ],
                    )
                ),
                name="apv_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decision__in", ["approve", "reject", "modify", "escalate", "dismiss"])
                ),
                name="decision_verb_known",
            ),
        ),
        migrations.RunSQL(
            COUNT.format(recommendation="coalesce(recommendation, 'none')"),
            COUNT.format(recommendation="recommendation"),
        ),
    ]
