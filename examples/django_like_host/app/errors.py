"""What errors mean to the client; Kavach's own messages hold no secret."""

from __future__ import annotations

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from kavach_core import InvalidInput, LimitExceeded

from .models import Project


class AnswerErrors(MiddlewareMixin):
    """Answer with a status and a text instead of a traceback."""

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to an error that the client can do something about."""
        match error:
            case IntegrityError():
                return JsonResponse({"detail": "a project has this name already"}, status=409)
            case Project.DoesNotExist():
                return JsonResponse({"detail": "no project has this id"}, status=404)
            case LimitExceeded():
                return JsonResponse({"detail": str(error)}, status=409)
            case InvalidInput():
                return JsonResponse({"detail": str(error)}, status=422)
        return None
