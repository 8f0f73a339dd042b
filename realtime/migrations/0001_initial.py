from django.db import migrations, models

import realtime.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("channel", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("epoch", models.CharField(default=realtime.models.new_epoch, max_length=32)),
                (
                    "top",
                    models.PositiveBigIntegerField(default=0, help_text="The offset given last."),
                ),
            ],
            options={
                "verbose_name": "channel counter",
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel", models.CharField(max_length=100, verbose_name="channel")),
                ("offset", models.PositiveBigIntegerField(verbose_name="offset")),
                ("type", models.CharField(max_length=50, verbose_name="type")),
                (
                    "message",
                    models.TextField(
                        help_text="The JSON text that sockets receive.", verbose_name="message"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "indexes": [models.Index(fields=["created_at"], name="event_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "offset"), name="event_offset_once"),
                    models.CheckConstraint(
                        condition=models.Q(("offset__gte", 1)), name="event_offset_from_one"
                    ),
                ],
            },
        ),
    ]
