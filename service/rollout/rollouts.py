"""The rollouts of all models, and the version that answers each request."""

from __future__ import annotations

from pathlib import Path

from service.rollout.metrics import RolloutMetrics
from service.rollout.trial import Trial
from service.serving.repository import Choose, Models
from service.serving.served import Served


class Rollouts:
    """What the models' plans start.

    Args:
        folder: where the workers of one server count together; None for one process.
        worker: name of this worker's files.

    Attributes:
        trials: by name of the model.
        choose: the version that answers a request that any version may answer. Without a rollout
            it is `Models.get` itself, so that requests cost what they cost without this module.
    """

    def __init__(
        self,
        models: Models,
        metrics: RolloutMetrics,
        folder: Path | None = None,
        worker: str | None = None,
    ) -> None:
        self._models = models
        self.trials = {}
        for name, plan in models.plans.items():
            if (rollout := plan.rollout) is not None:
                stable = models.get(name, rollout.stable)
                candidate = models.get(name, rollout.candidate)
                own = metrics.trial(name, rollout)
                highest = models.known(name)[-1]
                self.trials[name] = Trial(rollout, stable, candidate, highest, own, folder, worker)
        self.choose: Choose = self._choose if self.trials else models.get

    def _choose(self, name: str | None = None, version: str | None = None) -> Served:
        """The version that serves a request; see `Models.get` for arguments and errors."""
        if version is None:
            trial = self.trials.get(self._models.default if name is None else name)
            if trial is not None:
                return trial.choose()
        return self._models.get(name, version)
