"""Decisions of the whole engine: beside raw loops and alternatives, as tables grow, of many callers."""
