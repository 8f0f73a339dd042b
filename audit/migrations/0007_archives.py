from django.db import migrations, models

from realtime.migration_sql import BoundSQL

LET_ARCHIVED_ENTRIES_GO = """
CREATE FUNCTION {schema}.audit_archive_follows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.first <> 1 + coalesce((SELECT max(archive.last) FROM {schema}.audit_archive AS archive), 0)
        OR NOT EXISTS (
            SELECT FROM {schema}.audit_entry AS entry
            WHERE entry.sequence = NEW.last AND entry.mac = NEW.mac
        )
        OR NOT EXISTS (
            SELECT FROM {schema}.audit_entry AS entry
            WHERE entry.sequence = NEW.recorded_in AND entry.action = 'audit_detached'
        )
    THEN
        RAISE EXCEPTION 'This archive does not follow the last one of the audit.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_archive_follows BEFORE INSERT ON {schema}.audit_archive
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_archive_follows();
CREATE TRIGGER audit_archive_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.audit_archive
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.audit_is_final();

CREATE FUNCTION {schema}.audit_entry_is_archived() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM {schema}.audit_archive AS archive WHERE archive.last >= OLD.sequence
    ) THEN
        RAISE EXCEPTION 'The audit only grows: nothing is deleted that no archive has.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
DROP TRIGGER audit_entry_is_final ON {schema}.audit_entry;
CREATE TRIGGER audit_entry_is_final BEFORE UPDATE ON {schema}.audit_entry
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_is_final();
CREATE TRIGGER audit_entry_is_archived BEFORE DELETE ON {schema}.audit_entry
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_entry_is_archived();
"""
KEEP_ALL_ENTRIES = """
DROP TRIGGER audit_entry_is_archived ON {schema}.audit_entry;
DROP TRIGGER audit_entry_is_final ON {schema}.audit_entry;
CREATE TRIGGER audit_entry_is_final BEFORE UPDATE OR DELETE ON {schema}.audit_entry
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_is_final();
DROP TRIGGER audit_archive_is_final ON {schema}.audit_archive;
DROP TRIGGER audit_archive_follows ON {schema}.audit_archive;
DROP FUNCTION {schema}.audit_archive_follows(), {schema}.audit_entry_is_archived();
"""


class Migration(migrations.Migration):
    """Archives, and triggers that let go of what they hold."""

    dependencies = [
        ("audit", "0006_actions_of_teams"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="action",
            field=models.CharField(
                choices=[
                    ("signed_in", "signed in"),
                    ("sign_in_failed", "failed to sign in"),
                    ("signed_out", "signed out"),
                    ("decided", "decided"),
                    ("retracted", "took a decision back"),
                    ("batch_started", "started a batch"),
                    ("batch_stopped", "stopped a batch"),
                    ("carried_out", "carried a decision out"),
                    ("not_carried_out", "did not carry a decision out"),
                    ("tried_again", "had a decision carried out again"),
                    ("outcome_reported", "reported an outcome"),
                    ("merged_around", "found a merge around the console"),
                    ("apvs_added", "added APVs"),
                    ("apv_changed", "changed an APV"),
                    ("apv_withdrawn", "withdrew an APV"),
                    ("apv_reopened", "put an APV back into the queue"),
                    ("claimed", "claimed an APV"),
                    ("claim_taken_over", "took a claim over"),
                    ("claim_released", "released a claim"),
                    ("commented", "commented"),
                    ("comment_edited", "edited a comment"),
                    ("comment_deleted", "deleted a comment"),
                    ("assigned", "assigned an APV"),
                    ("token_issued", "issued a token"),
                    ("token_revoked", "revoked a token"),
                    ("user_changed", "changed a user"),
                    ("permissions_changed", "changed permissions"),
                    ("exported", "exported"),
                    ("forge_changed", "changed a forge"),
                    ("repository_changed", "changed a repository"),
                    ("delivery_repeated", "processed a webhook again"),
                    ("policy_changed", "changed a policy"),
                    ("template_changed", "changed a template"),
                    ("view_changed", "changed a shared view"),
                    ("deadline_rule_changed", "changed a rule for deadlines"),
                    ("deadline_passed", "found a deadline passed"),
                    ("job_changed", "changed a job"),
                    ("audit_detached", "moved audit entries to an archive"),
                ],
                max_length=30,
                verbose_name="action",
            ),
        ),
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("first", models.PositiveBigIntegerField(unique=True, verbose_name="first entry")),
                (
                    "last",
                    models.PositiveBigIntegerField(
                        primary_key=True, serialize=False, verbose_name="last entry"
                    ),
                ),
                ("first_at", models.DateTimeField(verbose_name="from")),
                ("last_at", models.DateTimeField(verbose_name="until")),
                (
                    "mac",
                    models.CharField(
                        help_text="That of the last entry.", max_length=64, verbose_name="MAC"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="file")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "actions",
                    models.JSONField(
                        help_text="How many entries there are of each.", verbose_name="actions"
                    ),
                ),
                (
                    "recorded_in",
                    models.PositiveBigIntegerField(
                        help_text="The entry that says the same.", verbose_name="recorded in"
                    ),
                ),
            ],
            options={
                "verbose_name": "archive of the audit",
                "verbose_name_plural": "archives of the audit",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("first__lte", models.F("last")), ("last__lt", models.F("recorded_in"))
                        ),
                        name="archive_in_order",
                    )
                ],
            },
        ),
        BoundSQL(LET_ARCHIVED_ENTRIES_GO, KEEP_ALL_ENTRIES),
    ]
