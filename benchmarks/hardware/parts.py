"""The parts of the check in their order, and how long each may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """Something that passes, fails, or cannot be run; it has a process of its own.

    Attributes:
        name: as tables show it.
        function: `module.function` in this package; takes a `Task`.
        seconds: how long it may take.
        least: what it needs at least; it is not begun with less.
    """

    name: str
    function: str
    seconds: float
    least: float = 3


@dataclass(frozen=True)
class Part:
    """Checks that belong together.

    Attributes:
        name: for the command line.
        title: for the page.
        seconds: how long all of them may take; what is not done by then is not run.
        checks: in their order.
    """

    name: str
    title: str
    seconds: float
    checks: tuple[Check, ...]


BUILD = Part(
    "build",
    "Build",
    85,  # a minute, as a rule; without it, nothing can be measured
    (
        Check("carried packages", "build.carried", 15),
        Check("package, kernels and their tests", "build.package", 75),
        Check("what is measured", "build.measured", 10),
    ),
)
RIGHT = Part(
    "right",
    "Right on the card",
    120,
    (
        Check("C++ tests of kernels and memory", "right.cpp_tests", 20),
        Check("random batches, card against processor", "right.random_batches", 15),
        Check("tests/cuda, with the installed frameworks", "right.python_tests", 40),
        Check("compute-sanitizer memcheck", "right.memcheck", 20),
        Check("compute-sanitizer racecheck", "right.racecheck", 20),
        Check("compute-sanitizer initcheck", "right.initcheck", 20),
        Check("compute-sanitizer synccheck", "right.synccheck", 20),
    ),
)
FAST = Part(
    "fast",
    "Fast on the card",
    60,
    (
        Check("what the card does in a second", "fast.rates", 10),
        Check("batches against floor and paper", "fast.batches", 42),
        Check("against other libraries on the card", "fast.peers_of_a_card", 30),
    ),
)
CORES = Part(
    "cores",
    "Many cores",
    60,
    (
        Check("kernels", "cores.kernels", 15),
        Check("batches of arrays", "cores.arrays", 10),
        Check("batches of files, cached and not", "cores.files", 20),
        Check("resizing", "cores.resizing", 10),
        Check("start-up", "cores.start", 15),
    ),
)
HEADLINE = Part(
    "headline",
    "Training",
    150,
    (
        Check("Keras, ASL letters", "headline.asl", 40, 20),
        Check("Keras, cats and dogs", "headline.cats_dogs", 45, 20),
        Check("PyTorch, ResNet-50", "torch_loop.resnet", 45, 20),
        Check("Keras, ResNet-50", "headline.resnet", 60, 25),
    ),
)
LONG = Part(
    "long",
    "Training in full",
    3000,
    (
        Check("Fashion-MNIST, model c", "long.fashion_c", 600),
        Check("Fashion-MNIST, model d", "long.fashion_d", 900),
        Check("cats and dogs, plain", "long.cats_dogs_plain", 900),
        Check("cats and dogs, augmented", "long.cats_dogs", 900),
    ),
)
PARTS = (BUILD, RIGHT, FAST, CORES, HEADLINE, LONG)
