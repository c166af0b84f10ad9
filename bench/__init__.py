"""What Kavach's storage costs beside the raw driver and beside ordinary ORM code: `python -m bench`."""
