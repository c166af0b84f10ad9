"""Renderings of the data model: Python records and inputs, SQL per dialect, ORM models."""
