from django.db import migrations, models

from realtime.migration_sql import BoundSQL

REFUSE_CHANGES = """
CREATE FUNCTION {schema}.reviews_revision_is_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'A revision is never edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER revision_is_kept BEFORE UPDATE OR DELETE ON {schema}.reviews_revision
    FOR EACH ROW EXECUTE FUNCTION {schema}.reviews_revision_is_kept();
"""
ALLOW_CHANGES = """
DROP TRIGGER revision_is_kept ON {schema}.reviews_revision;
DROP FUNCTION {schema}.reviews_revision_is_kept();
"""


def allow_pipelines_to_change(apps, schema_editor):
    """Give the permission `change_apv` to the group `pipelines`, if it still exists."""
    groups = apps.get_model("auth", "Group").objects.filter(name="pipelines")
    content = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="reviews", model="apv"
    )[0]
    permission = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content, codename="change_apv", defaults={"name": "Can change APV"}
    )[0]
    for group in groups:
        group.permissions.add(permission)


def say_why_withdrawn(apps, schema_editor):
    """Say of APVs that imports withdrew when and why."""
    apvs = apps.get_model("reviews", "APV").objects.filter(status="withdrawn")
    apvs.update(withdrawn_at=models.F("updated_at"), withdrawn_reason="advisories")


class Migration(migrations.Migration):
    """Revisions are final, pipelines may add evidence, and withdrawn APVs say why."""

    dependencies = [
        ("reviews", "0006_revisions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        BoundSQL(REFUSE_CHANGES, ALLOW_CHANGES),
        migrations.RunPython(allow_pipelines_to_change, migrations.RunPython.noop),
        migrations.RunPython(say_why_withdrawn, migrations.RunPython.noop),
    ]
