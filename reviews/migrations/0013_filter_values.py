from django.db import migrations

from reviews import patch_facts

AT_ONCE = 500


def fill_rows(apps, schema_editor):
    """Read what filters see of the patches that are there."""
    apvs = apps.get_model("reviews", "APV")._base_manager.using(schema_editor.connection.alias)
    unread = apvs.filter(paths=None).only(*patch_facts.SOURCES).order_by("pk")
    while rows := list(unread[:AT_ONCE]):
        for apv in rows:
            patch_facts.fill(apv)
        apvs.bulk_update(rows, patch_facts.COLUMNS)


class Migration(migrations.Migration):
    """Apart, as 0012 changes the table."""

    dependencies = [("reviews", "0012_filter_columns")]

    operations = [migrations.RunPython(fill_rows, migrations.RunPython.noop, elidable=True)]
