"""The estimate for graphics cards, its page, and the measurement with the processor as a card."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from batchwarp import _core

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "cpp" / "src" / "cuda" / "README.md"

pytest.importorskip("rich", reason="benchmarks need the extra `bench`")


@pytest.fixture
def bench(monkeypatch):
    """The benchmark of the checkout, which has the results that the page quotes."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import cuda

    return cuda


@pytest.fixture
def estimate(bench):
    from benchmarks.harness import cuda_estimate

    return cuda_estimate


class Array:
    def __init__(self, values):
        self.values = np.array(values)

    def numpy(self):
        return self.values

    def synchronize(self):
        pass


@pytest.fixture
def card(bench, monkeypatch):
    """Stands for the card; `error` is added to its results."""

    def augment_batch(x, params, plan, out):
        _core.augment_batch(x.values, None, params, plan, out.values)
        out.values += made.error

    made = SimpleNamespace(
        error=0,
        is_available=lambda: True,
        upload=Array,
        augment_batch=augment_batch,
    )
    monkeypatch.setattr(bench, "cuda", made)
    monkeypatch.setattr(bench, "SIDES", ((16, 3),))
    return made


def run(bench, monkeypatch, tmp_path, *options):
    figures = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["cuda", "--tiny", "--json", str(figures), *options])
    assert bench.main() == 0
    return json.loads(figures.read_text(encoding="utf-8"))


def test_the_page_has_the_estimate_that_the_benchmark_makes(bench, tmp_path):
    written = tmp_path / "page.md"
    shutil.copy(PAGE, written)
    bench.write_page(written)
    assert written.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8"), (
        f"run: python -m benchmarks.cuda --page {PAGE.relative_to(ROOT)}"
    )


def test_a_card_is_measured_beside_the_processor(bench, card, monkeypatch, tmp_path):
    figures = run(bench, monkeypatch, tmp_path, "--card", "L4")
    assert "not_measured" not in figures
    assert len(figures["cases"]) == len(bench.STEPS) * len(bench.TARGETS)
    for case in figures["cases"]:
        assert set(case["timings"]) == {bench.QUEUED, bench.WAITED, bench.PROCESSOR}
        rate = figures["metrics"][f"measured/{case['case']}"]
        assert rate == case["images"] / case["timings"][bench.QUEUED]["median"]
    assert "÷ L4, paper" in figures["table"]
    assert "RTX 4090" not in figures["table"]


@pytest.mark.parametrize("steps", ["warp", "color", "samplewise", "order 3"])
def test_a_card_with_other_results_is_not_measured(bench, card, steps):
    workload = next(w for w in bench.workloads(2) if w.steps == steps)
    bench.measure(workload, 1)
    card.error = 0.05
    with pytest.raises(RuntimeError, match="did not do the same work"):
        bench.measure(workload, 1)


def test_without_a_card_only_the_reason_is_told(bench, monkeypatch, tmp_path):
    absent = SimpleNamespace(is_available=lambda: False, unavailable_reason=lambda: "no driver")
    monkeypatch.setattr(bench, "cuda", absent)
    figures = run(bench, monkeypatch, tmp_path)
    assert figures["not_measured"] == "no driver"
    assert "not measured: no driver" in figures["table"]
    assert "cases" not in figures


def test_a_page_without_its_marks_is_refused(bench, tmp_path):
    (tmp_path / "page.md").write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="once each"):
        bench.write_page(tmp_path / "page.md")


def test_the_work_of_a_batch(bench):
    warp = bench.workloads(32)[0]
    elements = 32 * 28 * 28
    assert warp.bytes == elements * (1 + 4)
    assert warp.launches == 3
    assert bench.workloads(256)[0].launches == 4  # two to bring 33 kB of parameters
    color = replace(warp, steps="color")
    assert color.bytes == elements * (1 + 4 + 4 + 4)
    cubic = replace(warp, steps="order 3")
    assert cubic.bytes == 32 * 52 * 52 * (1 + 4 + 16 + 16) + elements * (4 + 4)
    assert max(kernel.reads for kernel in cubic.kernels()) == 5 + 2 * (6 + 3)  # 51 samples, in 8s


def test_findings_of_several_tiles_are_merged(bench):
    tiles = 5 * 5
    shape = replace(bench.workloads(32)[0].shape, height=150, width=150)
    color, samplewise = (
        replace(bench.workloads(32)[0], shape=shape, steps=steps)
        for steps in ("color", "samplewise")
    )
    assert color.launches == 2 + 3
    assert color.bytes == 32 * (150 * 150 * (1 + 4 + 4 + 4) + (tiles + 1) * 8)
    assert samplewise.launches == 2 + 5
    assert samplewise.bytes == color.bytes + 32 * (150 * 150 * 8 + (tiles + 1) * 24)


def test_the_slowest_part_limits_a_card(bench, estimate):
    large = next(w for w in bench.workloads(256) if w.shape.height == 224 and w.steps == "warp")
    fast = replace(
        bench.CARDS[0], bandwidth=1e30, float32=1e30, float64=1e30, conversions=1, processors=1
    )
    assert large.estimate(fast).limit == "launch"
    assert large.estimate(fast).seconds == estimate.LAUNCH * 4
    for slow, limit in (("bandwidth", "memory"), ("float32", "issue"), ("float64", "double")):
        once, twice = (large.estimate(replace(fast, **{slow: rate})) for rate in (1e9, 2e9))
        assert (once.limit, twice.limit) == (limit, limit)
        assert once.seconds == pytest.approx(2 * twice.seconds)
    assert replace(large, steps="order 3").estimate(fast).limit == "wait"
