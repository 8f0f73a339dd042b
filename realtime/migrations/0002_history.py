from django.db import migrations, models

import realtime.models
from realtime.migration_sql import BoundSQL

HISTORY = """
CREATE FUNCTION {schema}.realtime_history() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN concat_ws(
        '/',
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8)
    );
EXCEPTION WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN
    RETURN 'unknown';
END $$;
COMMENT ON FUNCTION {schema}.realtime_history() IS
    'What a promoted replica or a restored backup changes: cluster, database, timeline.';
"""
DROP = "DROP FUNCTION {schema}.realtime_history();"


class Migration(migrations.Migration):
    dependencies = [
        ("realtime", "0001_initial"),
    ]

    operations = [
        BoundSQL(HISTORY, DROP),
        migrations.AddField(
            model_name="counter",
            name="history",
            field=models.CharField(
                db_default=realtime.models.CurrentHistory(),
                help_text="The history of the database that its epoch belongs to.",
                max_length=100,
            ),
        ),
    ]
