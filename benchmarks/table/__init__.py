"""Rows of a table as JSON objects: this service against FastAPI + pydantic with the same graph."""
