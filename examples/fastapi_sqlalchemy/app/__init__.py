"""A tracker of projects, each with an agent that keeps its summary."""
