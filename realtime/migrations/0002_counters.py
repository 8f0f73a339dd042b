from django.db import migrations

from realtime.models import new_epoch


def create_counters(apps, schema_editor):
    """Start each log; a change committed before anybody published has an epoch to belong to."""
    counters = apps.get_model("realtime", "Counter").objects
    for channel in ("apvs", "decisions"):
        counters.get_or_create(channel=channel, defaults={"epoch": new_epoch()})


class Migration(migrations.Migration):
    dependencies = [("realtime", "0001_initial")]

    operations = [migrations.RunPython(create_counters, migrations.RunPython.noop)]
