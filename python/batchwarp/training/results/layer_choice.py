"""Which layers of a model are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from batchwarp.console.errors import UsageError
from batchwarp.training.networks.layers import NamedLayer
from batchwarp.training.results import explain
from batchwarp.training.results.saved import SavedModel

__all__ = ["ACTIVATION_LAYERS", "FILTER_LAYERS", "LayerChoice"]

# So many layers of a deep model are drawn where the user names none.
ACTIVATION_LAYERS = 16
FILTER_LAYERS = 4


class LayerChoice:
    """The layers of a model that can be drawn.

    Args:
        saved: The model.
    """

    def __init__(self, saved: SavedModel) -> None:
        self._path = saved.path
        self._makes_masks = saved.makes_masks
        self._found = explain.picture_layers(saved)

    def channels(self, named: NamedLayer) -> int:
        """Returns the number of a layer's channels, which is that of its filters."""
        return self._found[named.name][1][2]

    def shown(self, names: Sequence[str] | None) -> list[NamedLayer]:
        """Returns the layers whose activations are drawn."""
        if names is not None:
            return self._named("--layers", names)
        layers = [one for one, _ in self._found.values() if one.is_convolution or one.is_pooling]
        return self._some(layers, "convolution or pooling", ACTIVATION_LAYERS)

    def grown(self, names: Sequence[str] | None) -> list[NamedLayer]:
        """Returns the layers the patterns of whose filters are drawn: convolutions only."""
        if names is None:
            return self._some(self._convolutions(), "convolution", FILTER_LAYERS)
        return [one for one in self._named("--layers", names) if one.is_convolution]

    def heated(self, name: str | None) -> NamedLayer:
        """Returns the layer of the heat map."""
        if name is not None:
            return self._named("--layer", [name])[0]
        convolutions = self._convolutions()
        if self._makes_masks and convolutions:
            # The last ones are as large as the mask, and each of their pixels sees little more.
            sizes = {one.name: self._found[one.name][1] for one in convolutions}
            least = min(height * width for height, width, _ in sizes.values())
            convolutions = [
                one for one in convolutions if sizes[one.name][0] * sizes[one.name][1] == least
            ]
        return self._some(convolutions, "convolution", 1)[0]

    def _convolutions(self) -> list[NamedLayer]:
        return [one for one, _ in self._found.values() if one.is_convolution]

    def _some(self, layers: Sequence[NamedLayer], kind: str, most: int) -> list[NamedLayer]:
        """Returns layers that are spread evenly over all, among them the last one."""
        if not layers:
            raise UsageError(f"{self._path}: the model has no {kind} layer")
        count = min(len(layers), most)
        return [layers[len(layers) * (i + 1) // count - 1] for i in range(count)]

    def _named(self, argument: str, names: Sequence[str]) -> list[NamedLayer]:
        """Returns layers by their full names, or by their own if only one layer has it."""
        return [self._one(argument, name) for name in names]

    def _one(self, argument: str, name: str) -> NamedLayer:
        if name in self._found:
            return self._found[name][0]
        matching = [one for one, _ in self._found.values() if one.name.rpartition("/")[2] == name]
        if len(matching) == 1:
            return matching[0]
        several = ", ".join(one.name for one in matching)
        reason = f"may be {several}" if several else "is no layer that makes pictures"
        raise UsageError(
            f"argument {argument}: {name!r} {reason}; {self._path} has "
            f"{', '.join(self._found) or 'none'}"
        )
