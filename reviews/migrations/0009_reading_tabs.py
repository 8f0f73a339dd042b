from django.db import migrations, models


class Migration(migrations.Migration):
    """A reader may have several tabs."""

    dependencies = [("reviews", "0008_search_path")]

    operations = [
        migrations.RemoveConstraint("Reading", "reading_once"),
        migrations.AddField(
            "Reading", "tab", models.CharField(blank=True, default="", max_length=36), False
        ),
        migrations.AddConstraint(
            "Reading",
            models.UniqueConstraint(fields=("apv", "user", "tab"), name="reading_once"),
        ),
    ]
