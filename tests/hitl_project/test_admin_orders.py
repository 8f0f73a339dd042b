"""Every list of the admin, ordered by every column: paging gives each row once."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_column_of_every_list_orders_its_rows_totally(model: type) -> None:
    site_admin = admin.site._registry[model]
    user = User(username="root", is_active=True, is_staff=True, is_superuser=True)
    columns = range(1, len(site_admin.list_display) + 2)
    for order in ["", *columns, *(f"-{column}" for column in columns)]:
        request = RequestFactory().get("/", {"o": str(order)} if order else {})
        request.user = user
        rows = site_admin.get_changelist_instance(request).queryset
        assert is_total(rows), (order, rows.query.order_by)


def is_total(rows) -> bool:
    """Return whether `rows` are ordered by a unique key, or by keys that are unique together."""
    names = {str(getattr(key, "name", key)).lstrip("-") for key in rows.query.order_by}
    unique = {field.name for field in rows.model._meta.fields if field.unique} | {"pk"}
    together = [{*fields} for fields in rows.model._meta.unique_together]
    together += [{*one.fields} for one in rows.model._meta.total_unique_constraints]
    return bool(names & unique) or any(fields <= names for fields in together)
