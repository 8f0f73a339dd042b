from django.urls import path

from forges.webhooks.views import WebhookView

urlpatterns = [path("<slug:name>/webhook", WebhookView.as_view(), name="forge-webhook")]
