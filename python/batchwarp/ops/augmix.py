"""A policy that mixes an image with itself, distorted in several ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from batchwarp.ops.accepted import Switch
from batchwarp.ops.accepted_counts import Whole
from batchwarp.ops.mixing import ALPHA
from batchwarp.ops.policies import Policy
from batchwarp.ops.rand_augment import Strongest, distortions
from batchwarp.ops.recipe import TARGETS, ImageSpec, Node, accepting

__all__ = ["AugMix"]

_BINS = 10  # strengths that there are
_DEEPEST = 3  # chain, where its depth is drawn

_SEVERITY = Whole(1, _BINS)
_WIDTH = Whole(1, 7)
_DEPTH = Whole(-1)
_ALL_OPS = Switch()
_STRONGEST = Strongest(0.3, lambda _: 1 / 3, 30.0, 0.9, 4, kept=4)


@dataclass(frozen=True, repr=False)
class AugMix(Policy):
    """Mixes each image with versions of itself that chains of distortions have made.

    The distortions, their strengths and the arguments are those of torchvision's `AugMix`, but that
    shears are about the image's centre. All operations of the recipe that move pixels are one map
    in each chain, whether they stand before or after; what changes colours before is done in each
    chain, what does so after, to the mixture. Values are mixed as they are, and not rounded before.

    Args:
        severity: Integer from 1 to 10, from how many of ten strengths, the weakest first, one is
            drawn for each distortion.
        mixture_width: Integer from 1 to 7, how many chains there are.
        chain_depth: Integer, how many distortions are in a chain; 0 or -1 draws one to three.
        alpha: Number above 0. The weights of the chains are drawn from Dirichlet's distribution
            with it, and their sum, beside the image itself, from the beta distribution.
        all_ops: Boolean, whether brightness, saturation, contrast and sharpness are among the
            distortions.
        p: Float, the probability that it is done to an image.
        name: String or `None`; see `RecipeOperation`.

    Raises:
        ValueError: If an argument is not as above. A recipe refuses more than 255 chains, choices
            and distortions.

    References:
        Hendrycks et al., "AugMix: a simple data processing method to improve robustness and
        uncertainty", https://arxiv.org/abs/1912.02781

    Example:
        >>> AugMix(mixture_width=2)
        AugMix(mixture_width=2)
    """

    severity: int = field(default=3, metadata=accepting(_SEVERITY))
    mixture_width: int = field(default=3, metadata=accepting(_WIDTH))
    chain_depth: int = field(default=-1, metadata=accepting(_DEPTH))
    alpha: float = field(default=1.0, metadata=accepting(ALPHA))
    all_ops: bool = field(default=True, metadata=accepting(_ALL_OPS))

    refused_targets = TARGETS
    kind = "mix"
    moves_pixels = True
    in_range = True
    is_alone = True

    def options(self) -> dict[str, Any]:
        """Returns how many chains there are, and what their weights are drawn from."""
        return {"chains": self.mixture_width, "alpha": float(self.alpha)}

    def members(self, image: ImageSpec) -> tuple[Node, ...]:
        """Returns the chains."""
        share = (self.severity - 1) / (_BINS - 1)
        every = distortions(_STRONGEST, image, share, self.severity, self)
        chosen = tuple(every[place] for place in (_ALL if self.all_ops else _WITHOUT_FACTORS))
        choice = Node("one", options={"of": len(chosen), "weights": None}, members=chosen)
        if self.chain_depth > 0:
            chain = Node("all", members=(choice,) * self.chain_depth)
        else:
            some = {"least": 1, "most": _DEEPEST, "of": _DEEPEST}
            chain = Node("some", options=some, members=(choice,) * _DEEPEST)
        return (chain,) * self.mixture_width


# Which of the 14 distortions: not nothing; and without those whose strength is a factor.
_ALL = range(1, 14)
_WITHOUT_FACTORS = (1, 2, 3, 4, 5, 10, 11, 12, 13)
