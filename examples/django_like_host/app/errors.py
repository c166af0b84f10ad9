"""What errors mean to the client; Kavach's own messages hold no secret."""

from __future__ import annotations

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from pydantic import ValidationError

from kavach_core import InvalidInput, LimitExceeded

from .models import Project


class AnswerErrors(MiddlewareMixin):
    """Answer with a status and a text instead of a traceback."""

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the answer to an error that the client can do something about."""
        detail: object = str(error)
        match error:
            case IntegrityError():
                status, detail = 409, "a project has this name already"
            case Project.DoesNotExist():
                status, detail = 404, "no project has this id"
            case LimitExceeded():
                status = 409
            case InvalidInput():
                status = 422
            case ValidationError():
                status, detail = 422, error.errors(include_url=False, include_context=False, include_input=False)
            case _:
                return None
        return JsonResponse({"detail": detail}, status=status)
