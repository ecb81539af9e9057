"""Chores of the repository that are neither training nor serving."""
