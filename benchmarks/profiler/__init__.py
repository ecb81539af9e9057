"""The profiler on public tables, against what a practitioner states of each."""
