"""How far the explanations of a model can be trusted, measured on test rows."""

from __future__ import annotations

from pydantic import Field

from contract.base import Probability, Record


class Faithfulness(Record):
    """One method's explanations of one model, over test images.

    A curve follows the probability of the predicted class while parts of the image are taken away
    (deletion) or put back (insertion), the most important first; its area is the mean of the curve
    (Petsiuk et al., 2018, RISE).
    """

    method: str = Field(min_length=1, description="Method of POST /explain.")
    samples: int = Field(gt=0, description="Test images.")
    deletion: Probability = Field(
        description="Area under the deletion curve, the mean over the images; lower is better."
    )
    deletion_at_random: Probability = Field(description="The same for parts in random order.")
    insertion: Probability = Field(
        description="Area under the insertion curve, the mean over the images; higher is better."
    )
    insertion_at_random: Probability = Field(description="The same for parts in random order.")
    p_value: Probability = Field(
        description="Chance of a deletion area so much below the random one, by Wilcoxon's signed "
        "rank test over the images, one-sided."
    )
    similarity_to_randomised: float = Field(
        ge=-1,
        le=1,
        description="Rank correlation of the explanations with those of the same model with its "
        "weights in random order, the mean over images; near 0 where an explanation depends on the "
        "model (Adebayo et al., 2018).",
    )
