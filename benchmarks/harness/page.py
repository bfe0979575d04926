"""The results page, and the README's share of it, from what the benchmarks wrote as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from . import runner
from .plots import PLOTS
from .report import not_quiet, table
from .targets import Verdict, judge

Figures = Mapping[str, Mapping[str, Any]]

# Metrics that say how many times as fast batchwarp is: below 1 it lost.
WON_OR_LOST = {
    "against_keras": "ratio/*",
    "next_batch": "OpenCV loop/*",
    "against_opencv": "*",
    "against_peers": "*",
    "operations": "peer/*",
    "files": "peer/*",
}
README_FILES = {"first pass": "next(it)", "cached": "next(it), cached on disk"}
README_CASES = (
    "28×28×1, ASL",
    "150×150×3, geometry",
    "224×224×3, geometry",
    "224×224×3, geometry, brightness",
    "224×224×3, rescale only",
)
INTRODUCTION = (
    "Written by `python -m benchmarks.results` from the JSON beside it; only `unmet.md` is written "
    "by hand. [The method](../README.md#method)."
)
START, END = "<!-- figures: python -m benchmarks.results -->", "<!-- end of figures -->"


def notes(text: str) -> dict[str, str]:
    """Splits `unmet.md` into what it says about each target.

    Args:
        text: the file, with a heading `## key` for each target that it is about.

    Returns:
        The paragraphs under each heading, by key.
    """
    parts = re.split(r"^## +(.+?) *$", text, flags=re.MULTILINE)[1:]
    return {key: body.strip() for key, body in zip(parts[::2], parts[1::2], strict=True)}


def without_notes(figures: Figures, said: Mapping[str, str]) -> list[str]:
    """Returns the keys of targets that were missed and about which nothing is said."""
    return [verdict.target.key for verdict in _missed(figures) if not said.get(verdict.target.key)]


def results_page(figures: Figures, said: Mapping[str, str]) -> str:
    """Returns the results page.

    Args:
        figures: what the benchmarks wrote, by their names; at least one.
        said: what is known about targets that are not met, by their keys.

    Returns:
        Markdown.
    """
    sections = [
        "# Results",
        INTRODUCTION,
        _machines(figures),
        "## Targets",
        _targets(figures),
        *_explanations(figures, said),
        "## Losses",
        _losses(figures),
    ]
    for name in sorted(figures):
        sections += [f"## {name}", runner.question(name)]
        if name in PLOTS:
            sections.append(f"![{runner.question(name)}]({name}.svg)")
        sections.append(str(figures[name]["table"]))
    return "\n\n".join(sections) + "\n"


def with_figures(readme: str, figures: Figures) -> str:
    """Returns the README with its figures replaced.

    Args:
        readme: its text, with the two marks `START` and `END`.
        figures: what the benchmarks wrote, by their names.

    Raises:
        ValueError: if the marks are not there, once each and in this order.
    """
    return between(readme, START, END, readme_figures(figures))


def between(text: str, start: str, end: str, content: str) -> str:
    """Returns a text with other content between two marks.

    Raises:
        ValueError: if the marks are not there, once each and in this order.
    """
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise ValueError(f"there must be the marks {start!r} and {end!r}, once each")
    before, rest = text.split(start)
    after = rest.split(end)[1]
    return f"{before}{start}\n{content}\n{end}{after}"


def readme_figures(figures: Figures) -> str:
    """Returns the README's table and picture."""
    rows = [
        *_keras_rows(figures),
        *_file_rows(figures),
        *_opencv_rows(figures),
        *_memory_rows(figures),
    ]
    commits: dict[str, dict[str, None]] = {}  # of each machine, in their order
    for about in (figure["machine"] for figure in figures.values()):
        where = (
            f"{about['processor']}, {about['cores']} cores, {about['simd_tier']}, "
            f"{about['build']['compiler']}"
        )
        commits.setdefault(where, {})[about["commit"]] = None
    machines = [f"{where}, commit {', '.join(those)}" for where, those in commits.items()]
    times = [value for _, _, value in _comparisons(figures)]
    faster = sum(value >= 1 for value in times)
    footnote = (
        f"The ratio is how many times as fast batchwarp is; it is the faster one in {faster} of "
        f"{len(times)} comparisons with Keras' generator, OpenCV's warp and other libraries. "
        f"{_floor(figures)}"
        "[All results](benchmarks/results/README.md), with the losses and what is aimed at.\n\n"
        f"{'; '.join(machines)}; OpenCV at its best number of threads."
    )
    parts = [table(["measured", "batchwarp", "compared with", "ratio"], rows), footnote]
    if "against_peers" in figures:
        parts.append(
            "![A random affine transform of a batch, in microseconds an image, by library]"
            "(benchmarks/results/against_peers.svg)"
        )
    return "\n\n".join(parts)


def _machines(figures: Figures) -> str:
    """Returns what each benchmark ran on; one line for all that agree."""
    lines: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    for name in sorted(figures):
        about = figures[name]["machine"]
        versions |= about["versions"]
        line = (
            f"{about['processor']}, {about['cores']} cores, tier {about['simd_tier']}; "
            f"{about['system']}; {about['build']['compiler']}, {about['build']['build_type']}; "
            f"Python {about['python']}; commit {about['commit']}, {about['date'][:10]}"
        )
        if notice := not_quiet(about):
            line += f"; **{notice}**"
        lines.setdefault(line, []).append(name)
    bullets = [f"- {', '.join(names)}: {line}." for line, names in lines.items()]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return "\n".join([*bullets, f"- Versions: {listed}."])


def _targets(figures: Figures) -> str:
    """Returns the table of targets, met or not."""
    rows = []
    for verdict in judge(figures):
        target = verdict.target
        if verdict.measured:
            values = sorted(verdict.values.values())
            span = (
                f"{values[0]:.3g}" if len(values) == 1 else f"{values[0]:.3g} to {values[-1]:.3g}"
            )
            result = "yes" if verdict.met else f"**no**: {_escaped(verdict.worst)}"
        else:
            span, result = "", "not measured"
        rows.append([f"{target.what} ({target.benchmark})", target.limit, span, result])
    return table(["what", "target", "measured", "met"], rows)


def _missed(figures: Figures) -> list[Verdict]:
    """Returns the targets that were measured and not met."""
    return [verdict for verdict in judge(figures) if verdict.measured and not verdict.met]


def _explanations(figures: Figures, said: Mapping[str, str]) -> list[str]:
    """Returns, for each target that is not met, what was tried and what bounds it."""
    missed = _missed(figures)
    if not missed:
        return []
    parts = ["## Not met: what was tried, what bounds it"]
    for verdict in missed:
        target = verdict.target
        figure = f"{verdict.values[verdict.worst]:.3g}, target {target.limit}"
        parts.append(
            f"**{target.what}** ({figure}): {said.get(target.key) or '*nothing is known yet.*'}"
        )
    return parts


def _losses(figures: Figures) -> str:
    """Returns a list of the cases in which batchwarp is slower than what it is compared with."""
    lost = [
        f"- {name}, {_escaped(metric)}: {value:.2f} times as fast"
        for name, metric, value in _comparisons(figures)
        if value < 1
    ]
    return "\n".join(lost) or "None: no other library that was measured does the same work faster."


def _floor(figures: Figures) -> str:
    """Returns what a pass over files costs beside decoding them, if that was measured."""
    floor = figures.get("files", {}).get("metrics", {}).get("floor/nearest/OpenCV/plain")
    if floor is None:
        return ""
    return (
        f"A first pass over JPEG files takes {floor:.2f} times as long as OpenCV takes to decode "
        "them. "
    )


def _comparisons(figures: Figures) -> list[tuple[str, str, float]]:
    """Returns the benchmark, the metric and how many times as fast batchwarp is, of each case."""
    return [
        (name, metric, value)
        for name, pattern in WON_OR_LOST.items()
        for metric, value in figures.get(name, {}).get("metrics", {}).items()
        if fnmatchcase(metric, pattern)
    ]


def _escaped(metric: str) -> str:
    """Returns the name of a metric as it may stand in a table."""
    return metric.replace("|", "\\|").replace("/", ", ")


def _keras_rows(figures: Figures) -> list[list[str]]:
    rows = []
    cases = {case["case"]: case for case in figures.get("against_keras", {}).get("cases", ())}
    for label in README_CASES:
        if label in cases:
            timings, n = cases[label]["timings"], cases[label]["images"]
            ours, theirs = (1e6 * timings[who]["median"] / n for who in ("batchwarp", "Keras"))
            rows.append(
                [
                    f"`next(it)`, {n} × {label}, µs an image",
                    f"{ours:.3g}",
                    f"Keras: {theirs:,.0f}",
                    f"{theirs / ours:.0f}",
                ]
            )
    return rows


def _file_rows(figures: Figures) -> list[list[str]]:
    rows = []
    for case in figures.get("files", {}).get("cases", ()):
        if (case.get("work"), case.get("process")) != ("augmented", "tensorflow"):
            continue
        cost = {
            name: 1e6 * timing["median"] / case["images"]
            for name, timing in case["timings"].items()
        }
        for label, contender in README_FILES.items():
            ours, theirs = cost[contender], cost["Keras"]
            rows.append(
                [
                    f"JPEG files to 150×150×3, geometry, {label}, µs a file",
                    f"{ours:.3g}",
                    f"Keras: {theirs:,.0f}",
                    f"{theirs / ours:.0f}",
                ]
            )
    return rows


def _opencv_rows(figures: Figures) -> list[list[str]]:
    rows = []
    for case in figures.get("against_opencv", {}).get("cases", ()):
        if not case["case"].endswith("float32"):
            continue
        cost = {
            name: 1e9 * timing["median"] / case["elements"]
            for name, timing in case["timings"].items()
        }
        ours = min(value for name, value in cost.items() if name.startswith("batchwarp"))
        theirs = min(value for name, value in cost.items() if name.startswith("OpenCV"))
        rows.append(
            [
                f"affine warp, {case['case']}, ns an element",
                f"{ours:.2f}",
                f"OpenCV: {theirs:.2f}",
                f"{theirs / ours:.1f}",
            ]
        )
    return rows


def _memory_rows(figures: Figures) -> list[list[str]]:
    measured = figures.get("memory", {}).get("mebibytes")
    if not measured:
        return []
    ours, theirs = measured["batchwarp"], measured["Keras"]
    return [
        [
            f"memory beyond {ours['array']:,.0f} MiB of uint8 images, MiB",
            f"{ours['peak']:,.0f}",
            f"Keras: {theirs['peak']:,.0f}",
            "",
        ]
    ]
