"""What errors mean to the client; Kavach's own messages hold no secret."""

from __future__ import annotations

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from pydantic import ValidationError

from kavach_core import InvalidInput, LimitExceeded

from .models import Project

STATUS = {IntegrityError: 409, LimitExceeded: 409, InvalidInput: 422, ValidationError: 422, Project.DoesNotExist: 404}
DETAIL = {IntegrityError: "a project has this name already", ValidationError: "send a name and an owner, or a text"}


class AnswerErrors(MiddlewareMixin):
    """Answer with a status and a text where the client can do something about an error."""

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to one of these errors; others are Django's to answer."""
        kind = type(error)
        if kind not in STATUS:
            return None
        return JsonResponse({"detail": DETAIL.get(kind, str(error))}, status=STATUS[kind])
