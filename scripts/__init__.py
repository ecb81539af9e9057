"""Maintenance scripts: generated docs, examples, checks."""
