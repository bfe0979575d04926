"""Pictures of the figures, for `--plot`, the results page and the README."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

OURS, THEIRS, SHADES = "#1f6fb4", "#9aa5b1", ("#a8cbe8", "#5b9bd0", "#1f6fb4", "#123f66")
Figures = Mapping[str, Any]


def save(name: str, figures: Figures, path: Path | None) -> None:
    """Draws the picture of a benchmark.

    Args:
        name: the benchmark, one of `PLOTS`.
        figures: what it measured.
        path: the .png or .svg to write; None: nothing happens.
    """
    if path is None:
        return
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The same figures give the same file, so that a commit shows what changed.
    with mpl.rc_context({"svg.hashsalt": "batchwarp", "svg.fonttype": "path"}):
        figure = Figure(figsize=(9, 4), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        PLOTS[name](figure, figures)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=metadata)


def kernels(figure: Any, figures: Figures) -> None:
    """The warp on each instruction set as a multiple of a copy."""
    cases = [case for case in figures["cases"] if case["group"] == "copy"]
    _no_picture_without(cases, "the group `copy`")
    tiers = [name for name in cases[0]["timings"] if name != "copy"]
    axes = figure.subplots()
    values = {
        tier: [figures["metrics"][f"copy/{tier}/{case['case']}"] for case in cases]
        for tier in tiers
    }
    _grouped(axes, [case["case"].replace(" ", "\n") for case in cases], values)
    _line_at_one(axes, "one copy")
    axes.set_ylabel("time in copies")
    axes.set_title("What an augmented batch costs, in copies of the float32 batch", loc="left")


def against_keras(figure: Any, figures: Figures) -> None:
    """How many times as fast as Keras' generator."""
    ratios = {
        key.removeprefix("ratio/"): value
        for key, value in figures["metrics"].items()
        if key.startswith("ratio/")
    }
    axes = figure.subplots()
    labels = [f"{value:.0f} ×" for value in ratios.values()]
    _horizontal(axes, ratios, [OURS] * len(ratios), labels)
    axes.set_title("next(it), batch 32 unless said: Keras' time over batchwarp's", loc="left")


def against_opencv(figure: Any, figures: Figures) -> None:
    """How many times as fast as OpenCV's best, by instruction set."""
    found = figures["metrics"]
    tiers = list(dict.fromkeys(key.partition("/")[0] for key in found))
    batches = list(dict.fromkeys(key.partition("/")[2] for key in found))
    values = {tier: [found[f"{tier}/{batch}"] for batch in batches] for tier in tiers}
    axes = figure.subplots()
    _grouped(axes, [_two_lines(batch) for batch in batches], values)
    _line_at_one(axes, "OpenCV's best")
    axes.set_ylabel("times as fast")
    axes.set_title("The warp alone: cv2.warpAffine's time over batchwarp's", loc="left")


def against_peers(figure: Any, figures: Figures) -> None:
    """Time per image of every library, a panel for each image size."""
    cases = figures["cases"]
    sizes = list(dict.fromkeys(case["case"] for case in cases))
    for axes, size in zip(figure.subplots(1, len(sizes), squeeze=False)[0], sizes, strict=True):
        each: dict[str, float] = {}
        for case in (case for case in cases if case["case"] == size):
            for name, timing in case["timings"].items():
                # batchwarp runs beside each framework: the slowest of its figures counts.
                each[name] = max(each.get(name, 0), 1e6 * timing["median"] / case["images"])
        each = dict(sorted(each.items(), key=lambda item: item[1]))
        colours = [OURS if name.startswith("batchwarp") else THEIRS for name in each]
        labels = [f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}" for cost in each.values()]
        _horizontal(axes, each, colours, labels)
        axes.set_title(size, fontsize=10)
        axes.tick_params(axis="y", labelsize=8)
    figure.suptitle("A random affine transform, µs an image", x=0.01, ha="left")


def scaling(figure: Any, figures: Figures) -> None:
    """Relative cost by image size and by batch size."""
    found = figures["metrics"]
    for axes, group, what, allowed in zip(
        figure.subplots(1, 2),
        ("image size", "batch size"),
        ("side of the image (batches of equal size)", "images in a batch of 64×64×3"),
        ((0.8, 1.2), (0.7, 1.3)),
        strict=True,
    ):
        points = {
            int(key.partition("/")[2]): value
            for key, value in found.items()
            if key.startswith(f"{group}/")
        }
        axes.axhspan(*allowed, color=SHADES[0], alpha=0.4, linewidth=0)
        axes.plot(list(points), list(points.values()), "o-", color=OURS)
        axes.set_xscale("log", base=2)
        axes.set_xticks(list(points)[:: 1 + len(points) // 9])
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.minorticks_off()
        axes.set_ylim(0, max(2.0, 1.1 * max(points.values())))
        axes.set_xlabel(what)
        axes.set_ylabel("cost of an element, relative")
        _plain(axes)
    figure.suptitle("Relative to 32 × 224×224×3 (bands: what is aimed at)", x=0.01, ha="left")


def memory(figure: Any, figures: Figures) -> None:
    """Resident memory beyond the array, at the peak."""
    peaks = {name: values["peak"] for name, values in figures["mebibytes"].items()}
    figure.set_size_inches(9, 1.8)
    axes = figure.subplots()
    colours = [OURS if name == "batchwarp" else THEIRS for name in peaks]
    _horizontal(axes, peaks, colours, [f"{peak:,.0f} MiB" for peak in peaks.values()])
    array = next(iter(figures["mebibytes"].values()))["array"]
    axes.set_title(f"Memory of a flow beyond {array:,.0f} MiB of uint8 images, peak", loc="left")


def files(figure: Any, figures: Figures) -> None:
    """Files per second of the ways to read them, a panel for each work and process."""
    cases = [case for case in figures["cases"] if case["process"] in ("plain", "tensorflow")]
    figure.set_size_inches(11, 8)
    for axes, case in zip(figure.subplots(2, -(-len(cases) // 2)).flat, cases, strict=True):
        timings = case["timings"]
        rates = {name: case["images"] / timing["median"] for name, timing in timings.items()}
        rates = dict(sorted(rates.items(), key=lambda item: -item[1]))
        colours = [OURS if name in case["ours"] else THEIRS for name in rates]
        _horizontal(axes, rates, colours, [f"{rate:,.0f}" for rate in rates.values()])
        axes.set_title(case["case"], fontsize=10)
        axes.tick_params(axis="y", labelsize=8)
    figure.suptitle("JPEG files a second", x=0.01, ha="left")


PLOTS: dict[str, Callable[[Any, Figures], None]] = {
    plot.__name__: plot
    for plot in (
        kernels,
        against_keras,
        against_opencv,
        against_peers,
        scaling,
        memory,
        files,
    )
}


def _no_picture_without(cases: Sequence[Any], what: str) -> None:
    """Refuses to draw nothing.

    Raises:
        SystemExit: if there are no cases.
    """
    if not cases:
        raise SystemExit(f"error: --plot draws {what}, which was not measured")


def _grouped(axes: Any, labels: Sequence[str], values: Mapping[str, Sequence[float]]) -> None:
    """Draws a group of bars for each label, with a value on each bar."""
    width = 0.8 / len(values)
    for number, (name, heights) in enumerate(values.items()):
        places = [k - 0.4 + (number + 0.5) * width for k in range(len(labels))]
        colour = SHADES[number % len(SHADES)]
        bars = axes.bar(places, heights, width, label=name, color=colour)
        axes.bar_label(bars, fmt="{:.2g}", fontsize=7)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    _plain(axes)


def _horizontal(
    axes: Any, values: Mapping[str, float], colours: Sequence[str], labels: Sequence[str]
) -> None:
    """Draws one bar for each name, the first on top."""
    bars = axes.barh(range(len(values)), list(values.values()), color=colours)
    axes.bar_label(bars, labels=labels, padding=3, fontsize=8)
    axes.set_yticks(range(len(values)), list(values))
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    _plain(axes)


def _line_at_one(axes: Any, meaning: str) -> None:
    """Draws the line that bars are compared with, and puts it into the legend."""
    axes.axhline(1, color="black", linewidth=1, label=meaning)
    axes.legend(frameon=False)


def _plain(axes: Any) -> None:
    """Takes away the lines that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)


def _two_lines(text: str) -> str:
    """Breaks the name of a batch before its dtype."""
    return "\n".join(text.rsplit(" ", 1))
