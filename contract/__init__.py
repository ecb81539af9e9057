"""What training writes and the service reads: the manifest, the model repository, the audit.

Nothing here knows how a model is trained or served, so both sides can trust it.
"""
