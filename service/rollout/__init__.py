"""Trying a second version of a model on live requests: in the shadow, or with a share of them.

A model's rollout.json starts it (`contract.rollout`). The live answers of both versions are counted
over all workers, and a verdict says whether to promote the candidate; nothing is promoted by
itself.
"""
