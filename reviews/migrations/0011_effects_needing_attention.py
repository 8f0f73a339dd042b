from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what needs attention among all effects; apart, as 0010 writes rows of this table."""

    dependencies = [("reviews", "0010_superseded_effects")]

    operations = [
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(
                condition=models.Q(("superseded", False)),
                fields=["state", "due_at"],
                name="effect_in_force",
            ),
        ),
    ]
