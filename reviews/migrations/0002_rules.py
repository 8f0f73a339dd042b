from django.db import migrations

from reviews.roles import create_groups

REFUSE_CHANGES = """
CREATE FUNCTION reviews_decision_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A decision is never edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER decision_is_final BEFORE UPDATE OR DELETE ON reviews_decision
    FOR EACH ROW EXECUTE FUNCTION reviews_decision_is_final();
"""
ALLOW_CHANGES = """
DROP TRIGGER decision_is_final ON reviews_decision;
DROP FUNCTION reviews_decision_is_final();
"""


def create_roles(apps, schema_editor):
    create_groups(
        apps.get_model("auth", "Group"),
        apps.get_model("auth", "Permission"),
        apps.get_model("contenttypes", "ContentType"),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(REFUSE_CHANGES, ALLOW_CHANGES),
        migrations.RunPython(create_roles, migrations.RunPython.noop),
    ]
