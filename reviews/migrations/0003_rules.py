from django.db import migrations

from realtime.migration_sql import BoundSQL
from reviews.permissions import create_groups

REFUSE_CHANGES = """
CREATE FUNCTION {schema}.reviews_decision_is_final() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'A decision is never edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER decision_is_final BEFORE UPDATE OR DELETE ON {schema}.reviews_decision
    FOR EACH ROW EXECUTE FUNCTION {schema}.reviews_decision_is_final();
"""
ALLOW_CHANGES = """
DROP TRIGGER decision_is_final ON {schema}.reviews_decision;
DROP FUNCTION {schema}.reviews_decision_is_final();
"""

# The planner never needs them, and they would cost ANALYZE seconds.
NO_STATISTICS = "ALTER INDEX apv_queue_search ALTER COLUMN 1 SET STATISTICS 0"


def create_roles(apps, schema_editor):
    create_groups(
        apps.get_model("auth", "Group"),
        apps.get_model("auth", "Permission"),
        apps.get_model("contenttypes", "ContentType"),
    )


class Migration(migrations.Migration):
    """Rules beyond the tables: decisions are final, and the groups exist."""

    dependencies = [
        ("reviews", "0002_tables"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        BoundSQL(REFUSE_CHANGES, ALLOW_CHANGES),
        migrations.RunSQL(NO_STATISTICS, migrations.RunSQL.noop),
        migrations.RunPython(create_roles, migrations.RunPython.noop),
    ]
