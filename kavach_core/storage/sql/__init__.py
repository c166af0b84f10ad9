"""What all SQL adapters share: operations rendered once into statements, and the steps that run them, without I/O."""

from kavach_core.storage.sql.dialect import ParamStyle, SqlDialect, naming_of
from kavach_core.storage.sql.planner import Planner, planner_for
from kavach_core.storage.sql.plans import Plan, Request, Rows, Steps, drive, run

__all__ = [
    "ParamStyle",
    "Plan",
    "Planner",
    "Request",
    "Rows",
    "SqlDialect",
    "Steps",
    "drive",
    "naming_of",
    "planner_for",
    "run",
]
