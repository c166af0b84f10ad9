"""Where the views are."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("projects", views.projects),
    path("projects/in-atomic", views.create_in_atomic),
    path("projects/<str:project_id>/summary", views.write_summary),
    path("projects/<str:project_id>/decisions", views.list_decisions),
]
