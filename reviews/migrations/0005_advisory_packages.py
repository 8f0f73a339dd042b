import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from reviews.imports.package_names import search_key

BATCH = 500


def fill(apps, schema_editor):
    """Store the packages of the stored advisories, as an import does."""
    advisories = apps.get_model("reviews", "Advisory").objects
    batch = []
    for advisory in advisories.only("document").iterator(chunk_size=BATCH):
        advisory.packages = packages_of(advisory.document)
        batch.append(advisory)
        if len(batch) == BATCH:
            advisories.bulk_update(batch, ["packages"])
            batch = []
    advisories.bulk_update(batch, ["packages"])


def packages_of(document):
    packages = [entry.get("package") for entry in document.get("affected") or []]
    return sorted({search_key(one["ecosystem"], one["name"]) for one in packages if one})


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_tally")]

    operations = [
        migrations.AddField(
            model_name="advisory",
            name="packages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=500),
                blank=True,
                default=list,
                editable=False,
                help_text="What it is found by: ecosystem and name, in the spelling of the registry.",
                size=None,
                verbose_name="packages",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="advisory",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["packages"], name="advisory_packages"
            ),
        ),
    ]
