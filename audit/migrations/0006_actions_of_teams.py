from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("audit", "0006_policies"),
        ("audit", "0007_teamwork"),
        ("audit", "0008_batches"),
        ("audit", "0009_templates"),
        ("audit", "0010_saved_views"),
        ("audit", "0011_deadlines"),
        ("audit", "0012_comments"),
    ]
    dependencies = [
        ("audit", "0005_merges_around"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="action",
            field=models.CharField(
                choices=[
                    ("signed_in", "signed in"),
                    ("sign_in_failed", "failed to sign in"),
                    ("signed_out", "signed out"),
                    ("decided", "decided"),
                    ("retracted", "took a decision back"),
                    ("batch_started", "started a batch"),
                    ("batch_stopped", "stopped a batch"),
                    ("carried_out", "carried a decision out"),
                    ("not_carried_out", "did not carry a decision out"),
                    ("tried_again", "had a decision carried out again"),
                    ("outcome_reported", "reported an outcome"),
                    ("merged_around", "found a merge around the console"),
                    ("apvs_added", "added APVs"),
                    ("apv_changed", "changed an APV"),
                    ("apv_withdrawn", "withdrew an APV"),
                    ("apv_reopened", "put an APV back into the queue"),
                    ("claimed", "claimed an APV"),
                    ("claim_taken_over", "took a claim over"),
                    ("claim_released", "released a claim"),
                    ("commented", "commented"),
                    ("comment_edited", "edited a comment"),
                    ("comment_deleted", "deleted a comment"),
                    ("assigned", "assigned an APV"),
                    ("token_issued", "issued a token"),
                    ("token_revoked", "revoked a token"),
                    ("user_changed", "changed a user"),
                    ("permissions_changed", "changed permissions"),
                    ("exported", "exported"),
                    ("forge_changed", "changed a forge"),
                    ("repository_changed", "changed a repository"),
                    ("delivery_repeated", "processed a webhook again"),
                    ("policy_changed", "changed a policy"),
                    ("template_changed", "changed a template"),
                    ("view_changed", "changed a shared view"),
                    ("deadline_rule_changed", "changed a rule for deadlines"),
                    ("deadline_passed", "found a deadline passed"),
                    ("job_changed", "changed a job"),
                ],
                max_length=30,
                verbose_name="action",
            ),
        ),
    ]
