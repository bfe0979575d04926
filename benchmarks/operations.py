"""What does a recipe of operations cost, compared with a copy and with other libraries?

Batches of 32 images, uint8 to float32, two threads, numbers drawn in the call. `A`: flip, affine,
normalize, and more in the other recipes, see `harness/recipes/work.py`. The first table is of
batchwarp's `Augment`, beside a copy of the float32 batch and beside what `ImageDataGenerator` does
for flip, affine and rescale; the second of every operation by itself. Then other libraries, if they
are installed, each with the nearest that it has to the same recipe: `harness/recipes/` has a module
for each of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from batchwarp import _core
from batchwarp.augment.recipe import Recipe as Operations
from batchwarp.ops.recipe import ImageSpec

from .harness.batches import Batch, Ranges, Shape, core_with, source_of
from .harness.machine import machine
from .harness.options import parse, parser
from .harness.processes import in_own_process
from .harness.recipes import PEERS, ours, work
from .harness.recipes.work import RECIPES, Peer, Recipe
from .harness.report import report, table, track
from .harness.timing import Contender, as_json, interleaved

IMAGES = 32
OURS, COPY, KERAS_A, DRAWS = "batchwarp", "copy", "flip, affine, rescale", "draws of B"
ALONE, EACH = "recipes", "each operation"  # the cases that have no other libraries
# Frameworks let their threads spin for a while after their work. The wait is not timed.
CALM = 0.01


def shape_of(recipe: Recipe, tiny: bool) -> Shape:
    """Returns the batch that a recipe starts from."""
    height, width = recipe.source
    return Shape(2 if tiny else IMAGES, height, width, 3, "uint8")


def draws(n: int, side: int) -> Contender:
    """Returns what draws the numbers of recipe B for a batch, and does nothing with them."""
    plan = Operations("Augment", ours.operations(work.B, side)).plan(
        ImageSpec(side, side, 3), owner="Augment", value_range=(0, 255)
    )
    samples = np.arange(n, dtype=np.uint64)
    return Contender(lambda: _core.draw(plan, samples, 0, 1), core_with())


def alone(recipes: Sequence[Recipe], rounds: int, tiny: bool) -> dict[str, Any]:
    """Times batchwarp's recipes and what they are measured by, in this process."""
    side = work.TINY if tiny else work.SIDE
    shape = Shape(2 if tiny else IMAGES, side, side, 3, "uint8")
    source = source_of(shape)
    plain, copied = source.astype(np.float32), np.zeros(source.shape, np.float32)
    keras = Batch.of(source, shape, Ranges(flip=True), rescale=1 / 255)
    contenders = {
        COPY: Contender(partial(np.copyto, copied, plain)),
        KERAS_A: Contender(keras.run, core_with()),
        DRAWS: draws(shape.n, side),
    }
    for recipe in recipes:
        x = source_of(shape_of(recipe, tiny))
        contenders[recipe.key] = ours.contender(recipe.key, x, side)
    return {
        "case": ALONE,
        "images": shape.n,
        "ours": [name for name in contenders if name != COPY],
        "timings": as_json(interleaved(contenders, rounds=rounds)),
    }


def each(rounds: int, tiny: bool) -> dict[str, Any]:
    """Times every operation of `batchwarp.ops` by itself, in this process."""
    side = work.TINY if tiny else work.SIDE
    x = source_of(Shape(2 if tiny else IMAGES, side, side, 3, "uint8"))
    plain, copied = x.astype(np.float32), np.zeros(x.shape, np.float32)
    contenders = {COPY: Contender(partial(np.copyto, copied, plain))}
    contenders |= {name: ours.alone(one, x) for name, one in ours.each(side).items()}
    return {
        "case": EACH,
        "images": len(x),
        "ours": [name for name in contenders if name != COPY],
        "timings": as_json(interleaved(contenders, rounds=rounds)),
    }


def calm(prepare: Callable[[], object]) -> None:
    """Waits until nobody works, then prepares a contender."""
    time.sleep(CALM)
    prepare()


def against(recipe: Recipe, peers: Sequence[Peer], rounds: int, tiny: bool) -> dict[str, Any]:
    """Times a recipe in batchwarp and in the peers of one process, in this process."""
    shape = shape_of(recipe, tiny)
    x = source_of(shape)
    side = work.TINY if tiny else work.SIDE
    made = {(OURS, ""): ours.contender(recipe.key, x, side)}
    for peer in peers:
        for way, contender in peer.recipes[recipe.key](x, side).items():
            made[peer.name, way] = contender
    contenders = {
        (f"{name}, {way}" if way else name): Contender(
            contender.run, partial(calm, contender.prepare), contender.finish
        )
        for (name, way), contender in made.items()
    }
    return {
        "group": peers[0].process,
        "case": recipe.key,
        "images": shape.n,
        "ours": [OURS],
        "timings": as_json(interleaved(contenders, rounds=rounds)),
    }


def fastest(case: Mapping[str, Any], name: str) -> float | None:
    """Returns the seconds of a library, in the fastest of its ways, or None if it is not there."""
    found = [
        timing["median"]
        for contender, timing in case["timings"].items()
        if contender == name or contender.startswith(f"{name}, ")
    ]
    return min(found) if found else None


def metrics(cases: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Returns ratios of batchwarp to a copy and to plainer work, and of other libraries to it.

    Their names are `copies/RECIPE`, `copies/OPERATION`, `keras-A/RECIPE`, `A/RECIPE` and
    `peer/NAME/RECIPE`, how many times as long; and `draws/B`, microseconds.
    """
    found: dict[str, float] = {}
    for case in cases:
        took = {name: timing["median"] for name, timing in case["timings"].items()}
        if case["case"] == EACH:
            copy = took.pop(COPY)
            found |= {f"copies/{name}": seconds / copy for name, seconds in took.items()}
        elif case["case"] == ALONE:
            base = {"copies": took.pop(COPY), "keras-A": took.pop(KERAS_A)}
            found["copies/keras-A"] = base["keras-A"] / base["copies"]
            found["draws/B"] = 1e6 * took.pop(DRAWS)
            if work.A in took:
                base["A"] = took[work.A]
            for name, seconds in base.items():
                found |= {f"{name}/{key}": value / seconds for key, value in took.items()}
        else:
            mine = took[OURS]
            for peer in PEERS:
                theirs = fastest(case, peer.name)
                if theirs is not None:
                    found[f"peer/{peer.name}/{case['case']}"] = theirs / mine
    return found


def text(cases: Sequence[Mapping[str, Any]], missing: Sequence[Peer]) -> str:
    """Returns the tables."""
    found = metrics(cases)
    (own,) = (case for case in cases if case["case"] == ALONE)
    what = {recipe.key: recipe.what for recipe in RECIPES}
    rows = []
    for name, timing in own["timings"].items():
        each = f"{1e6 * timing['median'] / own['images']:,.1f}"
        key = "keras-A" if name == KERAS_A else name
        ratios = [found.get(f"{base}/{key}") for base in ("copies", "keras-A", "A")]
        shown = [f"{ratio:.2f}" if ratio is not None else "" for ratio in ratios]
        rows.append([name, each, *shown, what.get(name, "")])
    header = ["batchwarp", "µs an image", "copies", f"÷ {KERAS_A}", "÷ A", "what it is"]
    parts = [table(header, rows)]

    for case in cases:
        if case["case"] == EACH:
            rows = []
            for name, timing in case["timings"].items():
                ratio = f"{found[f'copies/{name}']:.2f}" if name != COPY else ""
                rows.append([name, f"{1e6 * timing['median'] / case['images']:,.1f}", ratio])
            parts.append(table(["operation alone", "µs an image", "copies"], rows))

    compared = [case for case in cases if case["case"] not in (ALONE, EACH)]
    keys = list(dict.fromkeys(case["case"] for case in compared))
    measured = [peer for peer in PEERS if any(fastest(case, peer.name) for case in compared)]
    rows = []
    for peer in measured:
        cells = []
        for key in keys:
            took = [
                f"{1e6 * seconds / case['images']:,.0f} ({found[f'peer/{peer.name}/{key}']:.1f})"
                for case in compared
                if case["case"] == key and (seconds := fastest(case, peer.name)) is not None
            ]
            cells.append("".join(took))
        rows.append([peer.name, *cells])
    if rows:
        parts.append(table(["µs an image, × batchwarp", *keys], rows))
        parts.append("\n".join(line for peer in measured for line in remarks(peer)))
    parts += [
        f"not measured: {peer.name} ({peer.distribution} is not installed)" for peer in missing
    ]
    return "\n\n".join(parts)


def remarks(peer: Peer) -> list[str]:
    """Returns how a library is used, as items of a list."""
    lines = [f"- {peer.name}: {peer.threads}."]
    for key, words in peer.differs.items():
        lines.append(f"  - {f'{key} and what has more' if key else 'what differs'}: {words}.")
    return lines


def chosen(keys: Sequence[str] | None, tiny: bool) -> list[Recipe]:
    """Returns the recipes of some names, or all."""
    recipes = [recipe for recipe in RECIPES if not keys or recipe.key in keys]
    return [recipe.tiny() for recipe in recipes] if tiny else recipes


def main() -> int:
    """Runs the measurements; returns the exit code."""
    options = parser("Recipes of operations, alone and against other libraries.", rounds=15)
    options.add_argument(
        "--only",
        action="append",
        choices=[recipe.key for recipe in RECIPES],
        help="a recipe, may be repeated (default: all)",
    )
    options.add_argument("--alone", action="store_true", help="leave the other libraries out")
    options.add_argument(
        "--process",
        choices=list(dict.fromkeys(peer.process for peer in PEERS)),
        help="measure the peers that share a process in this one, as JSON",
    )
    arguments = parse(options)
    recipes = chosen(arguments.only, arguments.tiny)
    wanted = () if arguments.alone else PEERS
    missing = [peer for peer in wanted if not peer.installed()]
    present = [peer for peer in wanted if peer not in missing]
    if arguments.process:
        mine = [peer for peer in present if peer.process == arguments.process]
        able = [
            (recipe, those)
            for recipe in recipes
            if (those := [peer for peer in mine if recipe.key in peer.recipes])
        ]
        print(json.dumps([against(*one, arguments.rounds, arguments.tiny) for one in able]))
        return 0
    about = machine(*dict.fromkeys(peer.distribution for peer in present))
    cases = [alone(recipes, arguments.rounds, arguments.tiny)]
    if not arguments.only:
        cases.append(each(arguments.rounds, arguments.tiny))
    more = ["--rounds", str(arguments.rounds), *(["--tiny"] if arguments.tiny else [])]
    for key in arguments.only or ():
        more += ["--only", key]
    needed = list(dict.fromkeys(peer.process for peer in present))
    for process in track(needed, "operations"):
        cases += in_own_process("operations", process, more)
    figures = {
        "cases": cases,
        "metrics": metrics(cases),
        "not_measured": [peer.name for peer in missing],
    }
    report(text(cases, missing), figures, about, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
