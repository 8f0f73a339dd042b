import django.core.validators
from django.conf import settings
from django.db import migrations, models

OF_OPINIONS = "':' || recommendation AS key"
OR_OF_NONE = "':' || coalesce(recommendation, 'none') AS key"


def replace_in_function(schema_editor, old, new):
    """Put `new` for `old` into the function that counts decisions, and leave the rest as it is."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('reviews_tally_decisions'::regproc)")
        definition = cursor.fetchone()[0]
        assert definition.count(old) == 1
        cursor.execute(definition.replace(old, new))


def count_none(apps, schema_editor):
    """Count decisions on which the machine had no opinion, too."""
    replace_in_function(schema_editor, OF_OPINIONS, OR_OF_NONE)


def count_opinions(apps, schema_editor):
    replace_in_function(schema_editor, OR_OF_NONE, OF_OPINIONS)


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0009_reading_tabs"),
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
        migrations.RunPython(count_none, count_opinions),
    ]
