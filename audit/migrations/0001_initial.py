from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Head",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.PositiveBigIntegerField()),
                ("mac", models.CharField(max_length=64, verbose_name="MAC")),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "sequence",
                    models.PositiveBigIntegerField(
                        primary_key=True, serialize=False, verbose_name="sequence"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("user_id", models.BigIntegerField(null=True, verbose_name="user id")),
                (
                    "actor",
                    models.CharField(
                        blank=True,
                        help_text="The user's name; for a command, the machine's user.",
                        max_length=150,
                        verbose_name="actor",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("rest", "REST"),
                            ("console", "console"),
                            ("admin", "administration"),
                            ("command", "command"),
                        ],
                        max_length=10,
                        verbose_name="source",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("signed_in", "signed in"),
                            ("sign_in_failed", "failed to sign in"),
                            ("signed_out", "signed out"),
                            ("decided", "decided"),
                            ("apvs_added", "added APVs"),
                            ("apv_changed", "changed an APV"),
                            ("apv_withdrawn", "withdrew an APV"),
                            ("apv_reopened", "put an APV back into the queue"),
                            ("token_issued", "issued a token"),
                            ("token_revoked", "revoked a token"),
                            ("user_changed", "changed a user"),
                            ("permissions_changed", "changed permissions"),
                            ("exported", "exported"),
                        ],
                        max_length=30,
                        verbose_name="action",
                    ),
                ),
                ("object", models.CharField(blank=True, max_length=200, verbose_name="object")),
                ("details", models.TextField(help_text="A JSON object.", verbose_name="details")),
                ("address", models.CharField(blank=True, max_length=45, verbose_name="address")),
                (
                    "request_id",
                    models.CharField(blank=True, max_length=64, verbose_name="request id"),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="Which of HITL_AUDIT_KEYS signed it.",
                        max_length=16,
                        verbose_name="key",
                    ),
                ),
                ("previous", models.CharField(max_length=64, verbose_name="previous MAC")),
                ("mac", models.CharField(max_length=64, verbose_name="MAC")),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "indexes": [
                    models.Index(fields=["-at"], name="audit_newest"),
                    models.Index(
                        condition=models.Q(("action", "signed_in")),
                        fields=["actor", "address"],
                        name="audit_signed_in",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("action__in", ("apv_changed", "apv_withdrawn", "apv_reopened"))
                        ),
                        fields=["sequence"],
                        name="audit_apv_changed",
                    ),
                ],
            },
        ),
    ]
