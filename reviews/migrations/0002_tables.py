import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import reviews.fields
import reviews.links
import reviews.search


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("reviews", "0001_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CodeSequence",
            fields=[
                ("year", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key", "slot", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("slot", models.SmallIntegerField()),
                ("count", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "counter",
                "verbose_name_plural": "counters",
            },
        ),
        migrations.CreateModel(
            name="Advisory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("osv_id", models.CharField(max_length=200, unique=True, verbose_name="OSV id")),
                ("modified", models.DateTimeField(blank=True, null=True, verbose_name="modified")),
                (
                    "withdrawn",
                    models.DateTimeField(blank=True, null=True, verbose_name="withdrawn"),
                ),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="aliases",
                    ),
                ),
                ("document", models.JSONField(verbose_name="document")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the document")),
                (
                    "imported_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="imported at"
                    ),
                ),
            ],
            options={
                "verbose_name": "advisory",
                "verbose_name_plural": "advisories",
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["-modified", "osv_id"], name="advisory_newest")],
            },
        ),
        migrations.CreateModel(
            name="APV",
            fields=[
                (
                    "apv_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="APV id",
                    ),
                ),
                (
                    "apv_code",
                    reviews.fields.CodeField(
                        blank=True,
                        help_text="Left empty, the next of this year.",
                        max_length=18,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^APV-[0-9]{4}-[0-9]{3,9}$", "Enter a code like APV-2026-001."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("changes_requested", "changes requested"),
                            ("escalated", "escalated"),
                            ("dismissed", "dismissed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                (
                    "version",
                    reviews.fields.VersionField(default=1, editable=False, verbose_name="version"),
                ),
                (
                    "priority",
                    reviews.fields.PriorityField(
                        blank=True,
                        help_text="1 to 10; left empty, from the severity.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10),
                        ],
                        verbose_name="priority",
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("CRITICAL", "critical"),
                            ("HIGH", "high"),
                            ("MEDIUM", "medium"),
                            ("LOW", "low"),
                        ],
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                (
                    "severity_source",
                    models.CharField(
                        blank=True,
                        help_text="Who says how severe it is, and in which words.",
                        max_length=500,
                        verbose_name="severity source",
                    ),
                ),
                (
                    "cve_id",
                    models.CharField(
                        blank=True,
                        max_length=28,
                        null=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^CVE-[0-9]{4}-[0-9]{4,19}$", "Enter a CVE id like CVE-2026-12345."
                            )
                        ],
                        verbose_name="CVE",
                    ),
                ),
                (
                    "cve_title",
                    models.CharField(blank=True, max_length=300, verbose_name="CVE title"),
                ),
                (
                    "cve_description",
                    models.TextField(blank=True, max_length=20000, verbose_name="CVE description"),
                ),
                (
                    "cvss_score",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(10.0),
                        ],
                        verbose_name="CVSS score",
                    ),
                ),
                (
                    "cvss_vector",
                    models.CharField(
                        blank=True,
                        help_text="The metrics behind the score.",
                        max_length=300,
                        verbose_name="CVSS vector",
                    ),
                ),
                (
                    "cwe_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            max_length=10,
                            validators=[
                                django.core.validators.RegexValidator(
                                    "^CWE-[0-9]{1,6}$", "Enter CWE ids like CWE-79."
                                )
                            ],
                        ),
                        blank=True,
                        default=list,
                        size=50,
                        verbose_name="CWEs",
                    ),
                ),
                ("package_name", models.CharField(max_length=214, verbose_name="package")),
                (
                    "package_version",
                    models.CharField(blank=True, max_length=100, verbose_name="package version"),
                ),
                (
                    "package_ecosystem",
                    models.CharField(blank=True, max_length=50, verbose_name="ecosystem"),
                ),
                (
                    "fixed_version",
                    models.CharField(blank=True, max_length=100, verbose_name="fixed version"),
                ),
                (
                    "vulnerable_code_signature",
                    models.TextField(
                        blank=True, max_length=10000, verbose_name="vulnerable code signature"
                    ),
                ),
                (
                    "vulnerable_code_type",
                    models.CharField(
                        blank=True, max_length=100, verbose_name="vulnerable code type"
                    ),
                ),
                (
                    "affected_files",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=1000),
                        blank=True,
                        default=list,
                        size=1000,
                        verbose_name="affected files",
                    ),
                ),
                ("confirmed", models.BooleanField(default=False, verbose_name="confirmed")),
                (
                    "confirmation_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="confirmation confidence",
                    ),
                ),
                (
                    "static_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="static confidence",
                    ),
                ),
                (
                    "dynamic_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="dynamic confidence",
                    ),
                ),
                (
                    "false_positive_probability",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="false positive probability",
                    ),
                ),
                (
                    "patch_strategy",
                    models.CharField(
                        choices=[
                            ("version_bump", "version bump"),
                            ("code_rewrite", "code rewrite"),
                            ("config_change", "configuration change"),
                        ],
                        max_length=20,
                        verbose_name="strategy",
                    ),
                ),
                (
                    "patch_description",
                    models.TextField(
                        blank=True, max_length=20000, verbose_name="patch description"
                    ),
                ),
                (
                    "patch_diff",
                    models.TextField(
                        blank=True,
                        help_text="A unified diff, up to 1 MiB.",
                        verbose_name="patch diff",
                    ),
                ),
                (
                    "patch_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="patch confidence",
                    ),
                ),
                (
                    "patch_risk_level",
                    models.CharField(
                        blank=True,
                        choices=[("low", "low"), ("medium", "medium"), ("high", "high")],
                        max_length=6,
                        null=True,
                        verbose_name="patch risk level",
                    ),
                ),
                (
                    "validation_passed",
                    models.BooleanField(default=False, verbose_name="validation passed"),
                ),
                (
                    "validation_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="validation confidence",
                    ),
                ),
                (
                    "validation_warnings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2000),
                        blank=True,
                        default=list,
                        size=200,
                        verbose_name="validation warnings",
                    ),
                ),
                (
                    "pr_number",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="PR number",
                    ),
                ),
                (
                    "pr_url",
                    models.CharField(
                        blank=True,
                        max_length=2000,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^https?://[^\\s]+$",
                                "Enter a URL that starts with http:// or https://.",
                            ),
                            reviews.links.check,
                        ],
                        verbose_name="PR URL",
                    ),
                ),
                (
                    "pr_branch",
                    models.CharField(blank=True, max_length=255, verbose_name="PR branch"),
                ),
                (
                    "wargame_verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("success", "success"),
                            ("partial", "partial"),
                            ("failure", "failure"),
                            ("inconclusive", "inconclusive"),
                        ],
                        max_length=12,
                        null=True,
                        verbose_name="wargame verdict",
                    ),
                ),
                (
                    "wargame_confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="wargame confidence",
                    ),
                ),
                (
                    "wargame_run_url",
                    models.CharField(
                        blank=True,
                        max_length=2000,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^https?://[^\\s]+$",
                                "Enter a URL that starts with http:// or https://.",
                            ),
                            reviews.links.check,
                        ],
                        verbose_name="wargame run url",
                    ),
                ),
                (
                    "wargame_evidence",
                    models.JSONField(blank=True, default=dict, verbose_name="wargame evidence"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "submitted_by",
                    models.ForeignKey(
                        editable=False,
                        help_text="The user who added it; unknown where a command did.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="added by",
                    ),
                ),
            ],
            options={
                "verbose_name": "APV",
                "verbose_name_plural": "APVs",
                "permissions": [
                    ("decide_apv", "Can decide pending APVs"),
                    ("decide_escalated", "Can decide escalated APVs"),
                    ("decide_on_behalf", "Can record a decision under another reviewer's name"),
                    ("view_stats", "Can view the review statistics"),
                ],
            },
        ),
        migrations.CreateModel(
            name="APVAdvisory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("origin", models.BooleanField(default=False)),
                ("applies", models.BooleanField(default=True)),
                (
                    "advisory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="apv_links",
                        to="reviews.advisory",
                    ),
                ),
                (
                    "apv",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="advisory_links",
                        to="reviews.apv",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "decision_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="decision id",
                    ),
                ),
                (
                    "decision",
                    models.CharField(
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
                ("justification", models.TextField(verbose_name="justification")),
                (
                    "confidence",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0.0),
                            django.core.validators.MaxValueValidator(1.0),
                        ],
                        verbose_name="confidence",
                    ),
                ),
                (
                    "modifications",
                    models.JSONField(blank=True, default=dict, verbose_name="modifications"),
                ),
                ("reviewer_name", models.CharField(max_length=301, verbose_name="reviewer name")),
                (
                    "reviewer_email",
                    models.CharField(blank=True, max_length=254, verbose_name="reviewer email"),
                ),
                (
                    "cve_id",
                    models.CharField(blank=True, max_length=28, null=True, verbose_name="CVE"),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("CRITICAL", "critical"),
                            ("HIGH", "high"),
                            ("MEDIUM", "medium"),
                            ("LOW", "low"),
                        ],
                        max_length=8,
                        verbose_name="severity",
                    ),
                ),
                (
                    "patch_strategy",
                    models.CharField(
                        choices=[
                            ("version_bump", "version bump"),
                            ("code_rewrite", "code rewrite"),
                            ("config_change", "configuration change"),
                        ],
                        max_length=20,
                        verbose_name="patch strategy",
                    ),
                ),
                (
                    "wargame_verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("success", "success"),
                            ("partial", "partial"),
                            ("failure", "failure"),
                            ("inconclusive", "inconclusive"),
                        ],
                        max_length=12,
                        null=True,
                        verbose_name="wargame verdict",
                    ),
                ),
                (
                    "recommendation",
                    models.CharField(
                        blank=True,
                        choices=[("approve", "approve"), ("reject", "reject")],
                        max_length=8,
                        null=True,
                        verbose_name="recommendation",
                    ),
                ),
                (
                    "diff_sha256",
                    models.CharField(max_length=64, verbose_name="SHA-256 of the diff"),
                ),
                ("apv_version", models.PositiveIntegerField(verbose_name="APV version")),
                (
                    "review_seconds",
                    models.FloatField(
                        help_text="From the APV's creation to the decision.",
                        verbose_name="review seconds",
                    ),
                ),
                (
                    "action_taken",
                    models.CharField(
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
                ("outcome_notes", models.TextField(blank=True, verbose_name="outcome notes")),
                (
                    "decided_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="decided at"
                    ),
                ),
                (
                    "action_completed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="action completed at"),
                ),
                (
                    "apv",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="reviews.apv",
                        verbose_name="APV",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reviewer",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("endpoint", models.CharField(max_length=100)),
                (
                    "fingerprint",
                    models.CharField(max_length=64, verbose_name="SHA-256 of the request body"),
                ),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tab", models.CharField(blank=True, max_length=36)),
                ("seen_at", models.DateTimeField(db_index=True)),
                (
                    "apv",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="reviews.apv"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(
                django.db.models.expressions.CombinedExpression(
                    models.F("priority"), "*", models.Value(-1)
                ),
                models.F("created_at"),
                models.F("apv_id"),
                condition=models.Q(("status", "pending")),
                include=(
                    "priority",
                    "severity",
                    "patch_strategy",
                    "wargame_verdict",
                    "package_ecosystem",
                    "package_name",
                ),
                name="apv_queue_priority",
            ),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(
                models.F("created_at"),
                models.F("apv_id"),
                condition=models.Q(("status", "pending")),
                name="apv_queue_age",
            ),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(
                django.db.models.expressions.CombinedExpression(
                    django.db.models.functions.comparison.Coalesce(models.F("cvss_score"), 0.0),
                    "*",
                    models.Value(-1.0),
                ),
                models.F("created_at"),
                models.F("apv_id"),
                condition=models.Q(("status", "pending")),
                name="apv_queue_score",
            ),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=django.contrib.postgres.indexes.GinIndex(
                reviews.search.Trigrams(
                    "apv_code", "cve_id", "package_name", "cve_title", "cve_description"
                ),
                condition=models.Q(("status", "pending")),
                name="apv_queue_search",
            ),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(
                django.db.models.expressions.CombinedExpression(
                    models.F("priority"), "*", models.Value(-1)
                ),
                models.F("created_at"),
                models.F("apv_id"),
                name="apv_order",
            ),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(fields=["-created_at", "apv_id"], name="apv_newest"),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(fields=["cve_id"], name="apv_cve"),
        ),
        migrations.AddIndex(
            model_name="apv",
            index=models.Index(fields=["package_ecosystem", "package_name"], name="apv_package"),
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
                            "withdrawn",
                        ],
                    )
                ),
                name="apv_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", ["CRITICAL", "HIGH", "MEDIUM", "LOW"])),
                name="apv_severity",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("patch_strategy__in", ["version_bump", "code_rewrite", "config_change"])
                ),
                name="apv_patch_strategy",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("patch_risk_level__in", ["low", "medium", "high"]),
                    ("patch_risk_level__isnull", True),
                    _connector="OR",
                ),
                name="apv_risk_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wargame_verdict__in", ["success", "partial", "failure", "inconclusive"]),
                    ("wargame_verdict__isnull", True),
                    _connector="OR",
                ),
                name="apv_wargame_verdict",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(("apv_code__regex", "^APV-[0-9]{4}-[0-9]{3,9}$")),
                name="apv_code_form",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__isnull", False), ("priority__range", (1, 10))),
                name="apv_priority",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cve_id__isnull", True),
                    ("cve_id__regex", "^CVE-[0-9]{4}-[0-9]{4,19}$"),
                    _connector="OR",
                ),
                name="apv_cve_form",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(("package_name", ""), _negated=True),
                name="apv_package_name_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cvss_score__gte", 0), ("cvss_score__lte", 10)),
                    ("cvss_score__isnull", True),
                    _connector="OR",
                ),
                name="apv_cvss_score",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("confirmation_confidence__gte", 0), ("confirmation_confidence__lte", 1)
                    ),
                    ("confirmation_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_confirmation_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("static_confidence__gte", 0), ("static_confidence__lte", 1)),
                    ("static_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_static_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dynamic_confidence__gte", 0), ("dynamic_confidence__lte", 1)),
                    ("dynamic_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_dynamic_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("false_positive_probability__gte", 0),
                        ("false_positive_probability__lte", 1),
                    ),
                    ("false_positive_probability__isnull", True),
                    _connector="OR",
                ),
                name="apv_false_positive_probability",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("patch_confidence__gte", 0), ("patch_confidence__lte", 1)),
                    ("patch_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_patch_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("validation_confidence__gte", 0), ("validation_confidence__lte", 1)),
                    ("validation_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_validation_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("wargame_confidence__gte", 0), ("wargame_confidence__lte", 1)),
                    ("wargame_confidence__isnull", True),
                    _connector="OR",
                ),
                name="apv_wargame_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("pr_url", ""), ("pr_url__regex", "^https?://[^\\s]+$"), _connector="OR"
                ),
                name="apv_pr_url",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wargame_run_url", ""),
                    ("wargame_run_url__regex", "^https?://[^\\s]+$"),
                    _connector="OR",
                ),
                name="apv_wargame_run_url",
            ),
        ),
        migrations.AddConstraint(
            model_name="apv",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    models.Func(
                        "patch_diff", function="octet_length", output_field=models.IntegerField()
                    ),
                    1048576,
                ),
                name="apv_patch_diff_size",
            ),
        ),
        migrations.AddConstraint(
            model_name="apvadvisory",
            constraint=models.UniqueConstraint(
                fields=("apv", "advisory"), name="apv_advisory_once"
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["-decided_at", "-decision_id"], name="decision_newest"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["decision", "-decided_at"], name="decision_verb"),
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
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confidence__gte", 0), ("confidence__lte", 1)),
                    ("confidence__isnull", True),
                    _connector="OR",
                ),
                name="decision_confidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("review_seconds__gte", 0)), name="decision_review_seconds"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length(
                            django.db.models.functions.text.Trim("justification")
                        ),
                        10,
                    ),
                    django.db.models.lookups.LessThanOrEqual(
                        django.db.models.functions.text.Length("justification"), 5000
                    ),
                ),
                name="decision_justification_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision__in", ("approve", "reject", "modify", "dismiss"))),
                fields=("apv",),
                name="decision_once",
                violation_error_message="This APV is decided already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "escalate")),
                fields=("apv",),
                name="decision_escalated_once",
                violation_error_message="This APV is escalated already.",
            ),
        ),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["created_at"], name="idempotency_key_age"),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(
                fields=("user", "endpoint", "key"), name="idempotency_key_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(fields=("apv", "user", "tab"), name="reading_once"),
        ),
    ]
