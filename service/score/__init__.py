"""Batch scoring: a table or a folder of images in, a Parquet file of answers out.

The same `Scorer` runs in one process (`python -m service.score`) and as an actor of Ray Data
(`service.score.ray`).
"""

from service.score.scorer import Scorer

__all__ = ["Scorer"]
