from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from reviews.console import views

urlpatterns = [
    path("", views.queue, name="console"),
    path("sign-in", LoginView.as_view(template_name="console/sign_in.html"), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
]
