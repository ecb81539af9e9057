"""scikit-learn's own tables, and a pipeline fitted on one."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

IRIS = load_iris()
FLOWERS = IRIS.data.astype(np.float32)
SPECIES = np.array(IRIS.target_names)[IRIS.target]
DIABETES = load_diabetes()


def pipeline(target: Any = IRIS.target) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(FLOWERS, target)
