"""Drift: what arrives and what is answered, against what training saw (docs/decisions/0053).

significance.py   tests and indexes of distributions: how surprising is a difference
fields.py         what is watched of a model, and what its manifest says training saw
sources.py        rows of a request to numbers and codes of categories
tally.py          numbers and codes to counts
windows.py        counts since the start and of the last hour, over all workers
watcher.py        samples the requests of one version and counts them
verdict.py        counts to a verdict, field by field
drift.py          all versions of a process: documents and metrics
"""
