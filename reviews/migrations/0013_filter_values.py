from django.db import migrations

from reviews.patch_facts import COLUMNS, SOURCES

AT_ONCE = 500


def fill(apps, schema_editor):
    """Read what filters see of the patches that are there."""
    apvs = apps.get_model("reviews", "APV")._base_manager.using(schema_editor.connection.alias)
    unread = apvs.filter(paths=None).only(*SOURCES).order_by("pk")
    while rows := list(unread[:AT_ONCE]):
        for apv in rows:
            for name, read in COLUMNS.items():
                setattr(apv, name, read(apv))
        apvs.bulk_update(rows, [*COLUMNS])


class Migration(migrations.Migration):
    """Apart, as 0012 changes the table."""

    dependencies = [("reviews", "0012_filter_columns")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
