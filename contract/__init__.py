"""The format between training and the service: the manifest, the model repository, the audit.

This package is independent of how a model is trained or served.
"""
