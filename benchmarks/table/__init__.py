"""Rows of a table as JSON objects: this service against FastAPI + pydantic over the same graph."""
