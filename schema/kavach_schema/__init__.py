"""The data model of Kavach: tables, records and inputs, and their renderings in SQL and in ORMs."""

from kavach_schema.model import UNSET, Column, Index, Table
from kavach_schema.tables import TABLES, TABLES_BY_NAME

__all__ = ["TABLES", "TABLES_BY_NAME", "UNSET", "Column", "Index", "Table"]
