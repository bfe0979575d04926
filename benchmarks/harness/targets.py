"""What the package aims at: the results page shows each target beside the measured figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Target:
    """A limit for metrics of one benchmark.

    Attributes:
        key: its name in `results/unmet.md`.
        what: what is limited, in words.
        benchmark: which one measures it.
        metrics: a pattern for the names of the metrics; all of them have to keep to the limits.
        unit: of the metrics.
        least: none may be below.
        most: none may be above.
    """

    key: str
    what: str
    benchmark: str
    metrics: str
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def limit(self) -> str:
        """The limits as text."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g} {self.unit}"
        if self.least is not None:
            return f"≥ {self.least:g} {self.unit}"
        return f"≤ {self.most:g} {self.unit}"

    def met(self, value: float) -> bool:
        """Whether a value keeps to the limits."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def excess(self, value: float) -> float:
        """Returns how far a value is on the wrong side, as a factor; up to 1 is within."""
        over = value / self.most if self.most is not None else 0
        under = self.least / max(value, 1e-12) if self.least is not None else 0
        return max(over, under)


@dataclass(frozen=True)
class Verdict:
    """What became of a target.

    Attributes:
        target: the target.
        values: the metrics that it is about, by name; empty if they were not measured.
    """

    target: Target
    values: Mapping[str, float]

    @property
    def worst(self) -> str:
        """The name of the metric that comes off worst."""
        return max(self.values, key=lambda name: self.target.excess(self.values[name]))

    @property
    def measured(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self.values)

    @property
    def met(self) -> bool:
        """Whether it was measured, and all metrics keep to the limits."""
        return self.measured and all(map(self.target.met, self.values.values()))


COPY = "× copy"
TARGETS = (
    Target(
        "rgb-avx512",
        "RGB 150² and 224², float32 and uint8, nearest; AVX-512",
        "kernels",
        "copy/avx512/*×3 *",
        COPY,
        most=0.55,
    ),
    Target("rgb-avx2", "the same; AVX2", "kernels", "copy/avx2/*×3 *", COPY, most=0.65),
    Target("grey-avx512", "224²×1; AVX-512", "kernels", "copy/avx512/224×224×1 *", COPY, most=0.6),
    Target("grey-avx2", "224²×1; AVX2", "kernels", "copy/avx2/224×224×1 *", COPY, most=0.9),
    Target("small", "28²×1; AVX2 and AVX-512", "kernels", "copy/avx*/28×28×1 *", COPY, most=2),
    Target("constant", "constant", "kernels", "modes/constant/*", "× nearest", most=1.3),
    Target("reflect", "reflect", "kernels", "modes/reflect/*", "× nearest", most=1.3),
    Target("wrap", "wrap", "kernels", "modes/wrap/*", "× nearest", most=1.3),
    Target("large", "±180°, zoom 0.5 to 2", "kernels", "geometry/*", "× ±20°", most=1.8),
    Target("order-0", "order 0", "kernels", "order 0/*", "× order 1", most=1),
    Target("splines", "orders 2 to 5", "kernels", "order [2-5]/*", "× as fast as SciPy", least=25),
    Target(
        "splines-small",
        "the same, 28²×1",
        "kernels",
        "order [2-5]/*28×28×1 *",
        "× as fast as SciPy",
        least=40,
    ),
    Target(
        "steps",
        "Keras' channel shift and brightness on top of the warp",
        "kernels",
        "steps/keras *",
        "× warp",
        most=1.25,
    ),
    Target(
        "steps-samplewise",
        "samplewise statistics on top of the warp",
        "kernels",
        "steps/samplewise/*",
        "× warp",
        most=1.25,
    ),
    Target(
        "threads",
        "2 threads against 1, 224²×3",
        "kernels",
        "threads/2 threads/224×224×3 *",
        "× as fast",
        least=1.85,
    ),
    Target(
        "keras-small",
        "next(it), batch 32 of 28²×1, ASL settings",
        "against_keras",
        "ratio/28×28×1, ASL",
        "× as fast as Keras",
        least=250,
    ),
    Target(
        "keras-512",
        "the same, batch 512",
        "against_keras",
        "ratio/512 × 28×28×1, ASL",
        "× as fast as Keras",
        least=400,
    ),
    Target(
        "keras-rgb",
        "next(it), batch 32 of 150²×3 and 224²×3, geometry",
        "against_keras",
        "ratio/*×3, geometry",
        "× as fast as Keras",
        least=170,
    ),
    Target(
        "python",
        "Python share of next(it), batch 32 of 28²×1",
        "against_keras",
        "python/28×28×1, *",
        "µs",
        most=12,
    ),
    Target(
        "next-opencv",
        "next(it), batch 32 of 28²×1, against a loop of cv2.warpAffine",
        "next_batch",
        "OpenCV loop/32 × 28×28×1, *",
        "× as fast",
        least=7,
    ),
    *(
        Target(
            f"next-{side}",
            f"next(it), batch {n} of {side}²×{channels}",
            "next_batch",
            f"copy/{n} × {side}×{side}×{channels}, *",
            COPY,
            most=most,
        )
        for n, side, channels, most in ((512, 28, 1, 2.5), (32, 150, 3, 0.7), (32, 224, 3, 0.55))
    ),
    Target(
        "next-bytes",
        "the same, RGB, uint8 in and out",
        "next_batch",
        "bytes/*×3, *",
        "× float32",
        most=0.45,
    ),
    *(
        Target(
            f"peers-{side}",
            f"the fastest other library, {side}²×{channels}",
            "against_peers",
            f"*/{side}×{side}×{channels}",
            "× as fast",
            least=5,
        )
        for side, channels in ((28, 1), (150, 3), (224, 3))
    ),
    Target(
        "image-size",
        "an element of images from 28² to 4096²",
        "scaling",
        "image size/*",
        "× 224²",
        least=0.8,
        most=1.2,
    ),
    Target(
        "batch-size",
        "an element of batches from 1 to 4096",
        "scaling",
        "batch size/*",
        "× 32 of 224²",
        least=0.7,
        most=1.3,
    ),
    Target(
        "one-large-image",
        "a batch of one 2048² uses both cores",
        "scaling",
        "large image/2 threads",
        "× as fast as 1 thread",
        least=1.5,
    ),
    Target(
        "baseline",
        "the baseline tier is never slower than OpenCV",
        "against_opencv",
        "baseline/*",
        "× as fast",
        least=1,
    ),
    Target(
        "files-first",
        "first pass over JPEG files, 150×150, augmented",
        "files",
        "first/augmented/*",
        "× as fast as Keras",
        least=18,
    ),
    Target(
        "files-tf.data",
        "the same, by next(it)",
        "files",
        "tf.data/augmented",
        "× tf.data",
        least=12,
    ),
    *(
        Target(
            f"files-{kind}",
            f"the same, {what}, against bare decoding; with TensorFlow in the process and without",
            "files",
            f"floor/{kind}/*",
            "× its time",
            most=most,
        )
        for kind, what, most in (
            ("nearest", "every pixel as Keras', nearest", 0.95),
            ("bilinear", "every pixel as Keras', bilinear", 1.1),
            ("scaled", "scaled_decode", 0.6),
        )
    ),
    Target(
        "files-crop",
        "RandomResizedCrop(224) of 500×375, antialiased, against decoding all of it",
        "files",
        "crop/*",
        "× its time",
        most=0.75,
    ),
    Target(
        "files-peers",
        "other loaders of files that do the same work",
        "files",
        "peer/*",
        "× our time",
        least=1.3,
    ),
    Target(
        "files-dataset",
        "a pass of to_tf_dataset over files, augmented, short or long",
        "files",
        "dataset/augmented*",
        "× next(it)",
        most=1,
    ),
    Target(
        "files-memory",
        "memory that a flow from files takes at its peak",
        "files_memory",
        "peak/batchwarp",
        "MiB",
        most=10,
    ),
    Target(
        "files-cached",
        "later passes from a cache, augmented",
        "files",
        "cached/augmented/*",
        "× as fast as Keras",
        least=60,
    ),
    Target("files-index", "100,000 files indexed, warm", "files_start", "index", "s", most=2),
    Target(
        "fit-dataset",
        "a step of fit with to_tf_dataset, linear model, 28²×1",
        "fit_overhead",
        "to_tf_dataset",
        "× arrays",
        most=1,
    ),
    Target(
        "fit-flow",
        "a step of fit(flow), the same",
        "fit_overhead",
        "flow",
        "× a PyDataset that slices",
        most=1.02,
    ),
    Target(
        "recipe-first",
        "recipe B, against flip, affine and rescale as 0.1.0 does them",
        "operations",
        "keras-A/B",
        "×",
        most=1.35,
    ),
    Target("recipe", "recipe B, against recipe A", "operations", "A/B", "×", most=1.5),
    Target(
        "draws", "drawing recipe B's numbers, a batch of 32", "operations", "draws/B", "µs", most=10
    ),
    *(
        Target(
            f"recipe-{key}",
            f"recipe {recipe}, {peer} against batchwarp",
            "operations",
            f"peer/{peer}/{recipe}",
            "×",
            least=least,
        )
        for key, peer, recipe, least in (
            ("jitter-augrs", "augrs", "A + jitter", 5),
            ("jitter-albumentationsx", "AlbumentationsX", "A + jitter", 12),
            ("jitter-variopinta", "variopinta", "A + jitter", 40),
            ("C-keras", "Keras 3 layers", "C", 100),
            ("C-torchvision", "torchvision v2", "C", 15),
            ("D-torchvision", "torchvision v2", "D", 8),
            ("D-albumentationsx", "AlbumentationsX", "D", 8),
        )
    ),
    Target(
        "recipe-B",
        "recipe B, other libraries against batchwarp",
        "operations",
        "peer/*/B",
        "×",
        least=10,
    ),
    *(
        Target(
            operation,
            f"{operation} alone, other libraries against batchwarp",
            "operations",
            f"peer/*/{operation}",
            "×",
            least=3,
        )
        for operation in ("elastic", "blur", "equalize", "JPEG")
    ),
    Target(
        "loops-cpu",
        "a loop of PyTorch at 224²: images a CPU second, against torchvision v2's best",
        "loops",
        "cpu/*",
        "×",
        least=4,
    ),
    Target(
        "loops-memory",
        "the same: resident memory of all processes, against 2 workers",
        "loops",
        "memory/*",
        "×",
        most=0.25,
    ),
    Target("loops-first", "the same: until the first batch", "loops", "first/*", "s", most=0.3),
    Target(
        "loops-keyed",
        "the same: images a second by Keras' draws, against keyed ones",
        "loops",
        "keyed/*",
        "×",
        most=1,
    ),
    Target(
        "mask",
        "a mask beside each image of 224²×3, one call; one thread and two",
        "targets_masks",
        "ratio/*",
        "× the image alone",
        most=1.25,
    ),
    Target(
        "boxes",
        "100 boxes and 100 keypoints beside each image, added to it; one thread and two",
        "targets_boxes",
        "added/*",
        "µs an image",
        most=3,
    ),
)


def judge(figures: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Judges all targets.

    Args:
        figures: what benchmarks wrote as JSON, by their names; some may be missing.

    Returns:
        A verdict for each target, in the order of `TARGETS`.
    """
    return [
        Verdict(
            target,
            {
                name: value
                for name, value in figures.get(target.benchmark, {}).get("metrics", {}).items()
                if fnmatchcase(name, target.metrics)
            },
        )
        for target in TARGETS
    ]
