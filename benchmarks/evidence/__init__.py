"""The guide measured, as evidence beside the literature."""
