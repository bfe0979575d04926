"""Targets, the results page and the README's figures, from made-up and from committed figures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"

pytest.importorskip("rich", reason="benchmarks need the extra `bench`")
pytest.importorskip("matplotlib", reason="benchmarks need the extra `bench`")


@pytest.fixture(autouse=True)
def checkout(monkeypatch):
    """The results belong to a checkout, so their module is not in the package."""
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture
def page():
    from benchmarks.harness import page

    return page


@pytest.fixture
def targets():
    from benchmarks.harness import targets

    return targets


@pytest.fixture
def results():
    from benchmarks.results import __main__ as results

    return results


ABOUT = {
    "processor": "A processor",
    "cores": 2,
    "used_by_others": 0.01,
    "system": "A system",
    "python": "3.12.0",
    "build": {"compiler": "GNU 14", "build_type": "Release"},
    "simd_tier": "avx2",
    "versions": {"numpy": "2.0"},
    "commit": "0123456789ab",
    "date": "2030-01-02T03:04:05+00:00",
}


def made_up(**metrics):
    return {"machine": ABOUT, "table": "| a table |\n| --- |", "metrics": metrics}


def keras(ours, theirs):
    case = {
        "case": "150×150×3, geometry",
        "images": 32,
        "timings": {"batchwarp": {"median": ours}, "Keras": {"median": theirs}},
    }
    return {**made_up(**{"ratio/150×150×3, geometry": theirs / ours}), "cases": [case]}


@pytest.mark.parametrize(
    ("limits", "value", "met"),
    [
        ({"most": 2}, 2, True),
        ({"most": 2}, 2.01, False),
        ({"least": 5}, 5, True),
        ({"least": 5}, 4.99, False),
        ({"least": 0.7, "most": 1.3}, 1.0, True),
        ({"least": 0.7, "most": 1.3}, 0.69, False),
        ({"least": 0.7, "most": 1.3}, 1.31, False),
    ],
)
def test_a_target_is_met_within_its_limits(targets, limits, value, met):
    target = targets.Target("key", "what", "kernels", "*", "×", **limits)
    assert target.met(value) == met
    assert (target.excess(value) <= 1) == met


def test_a_verdict_needs_every_metric_and_names_the_worst(targets):
    target = targets.Target("key", "what", "kernels", "*", "×", most=2)
    verdict = targets.Verdict(target, {"a": 1.0, "b": 3.0, "c": 2.5})
    assert not verdict.met
    assert verdict.worst == "b"
    assert targets.Verdict(target, {"a": 1.0}).met
    assert not targets.Verdict(target, {}).met


def test_keys_of_targets_are_unique_and_their_benchmarks_exist(targets):
    from benchmarks.harness import runner

    keys = [target.key for target in targets.TARGETS]
    assert len(set(keys)) == len(keys)
    assert all(target.least is not None or target.most is not None for target in targets.TARGETS)
    assert {target.benchmark for target in targets.TARGETS} <= set(runner.names())


def test_every_target_is_about_something_that_was_measured(targets, results):
    figures = results.load(RESULTS)
    machine = figures["kernels"]["machine"]
    if machine["simd_tier"] != "avx512" or machine["cores"] < 2:
        pytest.skip("the committed figures are those of a lesser machine")
    for verdict in targets.judge(figures):
        if verdict.target.benchmark in figures:
            assert verdict.measured, verdict.target.key


def test_the_page_has_targets_met_missed_and_not_measured(page):
    figures = {"against_keras": keras(0.002, 0.1)}
    text = re.sub(" +", " ", page.results_page(figures, {"keras-rgb": "Tried this and that."}))
    assert "| 50 | **no**: ratio, 150×150×3, geometry |" in text
    assert "(50, target ≥ 170 × as fast as Keras): Tried this and that." in text
    assert "not measured" in text
    assert "A processor, 2 cores, tier avx2" in text
    assert "commit 0123456789ab, 2030-01-02" in text
    assert "NOT QUIET" not in text
    assert page.without_notes(figures, {}) == ["keras-rgb"]
    assert page.without_notes(figures, {"keras-rgb": "Tried."}) == []
    assert "**no**" not in page.results_page({"against_keras": keras(0.0005, 0.1)}, {})


def test_the_page_tells_losses(page):
    lost = page.results_page({"against_opencv": made_up(**{"baseline/32 × 9×9×1 uint8": 0.8})}, {})
    assert "- against_opencv, baseline, 32 × 9×9×1 uint8: 0.80 times as fast" in lost
    won = page.results_page({"against_opencv": made_up(**{"baseline/32 × 9×9×1 uint8": 1.8})}, {})
    assert "None: no other library" in won


def test_the_page_tells_that_the_machine_was_not_quiet(page):
    figures = made_up()
    figures["machine"] = {**ABOUT, "used_by_others": 0.5}
    assert "**NOT QUIET: other processes used 50% of" in page.results_page({"memory": figures}, {})
    figures["machine"] = {**ABOUT, "used_by_others": None}  # the system does not tell
    assert "NOT QUIET" not in page.results_page({"memory": figures}, {})


def test_notes_are_split_by_their_headings(page):
    assert page.notes("Introduction.\n\n## one\nText,\n\nmore.\n\n## two\n") == {
        "one": "Text,\n\nmore.",
        "two": "",
    }


def test_notes_are_about_targets(page, targets):
    said = page.notes((RESULTS / "unmet.md").read_text(encoding="utf-8"))
    assert said.keys() <= {target.key for target in targets.TARGETS}


def test_the_readme_keeps_all_but_its_figures(page):
    figures = {"against_keras": keras(0.0016, 0.16)}
    readme = f"before\n{page.START}\nold\n{page.END}\nafter\n"
    written = page.with_figures(readme, figures)
    assert written.startswith(f"before\n{page.START}\n")
    assert written.endswith(f"\n{page.END}\nafter\n")
    assert "old" not in written
    assert (
        "| `next(it)`, 32 × 150×150×3, geometry, µs an image |        50 |  Keras: 5,000 |"
        in written
    )
    assert page.with_figures(written, figures) == written
    assert "the faster one in 1 of 1 comparisons" in written
    assert "targets" not in written  # of which the face does not say what they are


def test_the_readme_tells_in_how_many_cases_batchwarp_is_faster(page):
    figures = {"against_opencv": {**made_up(a=0.8, b=1.8), "cases": []}}
    assert "the faster one in 1 of 2 comparisons" in page.readme_figures(figures)


@pytest.mark.parametrize("readme", ["", "{0}", "{1}{0}", "{0}{1}{0}"])
def test_a_readme_without_its_marks_is_refused(page, readme):
    with pytest.raises(ValueError, match="once each"):
        page.with_figures(readme.format(page.START, page.END), {"memory": made_up()})


def test_the_committed_pages_are_what_the_committed_figures_give(results, tmp_path):
    for path in (*RESULTS.glob("*.json"), RESULTS / "unmet.md"):
        shutil.copy(path, tmp_path)
    shutil.copy(ROOT / "README.md", tmp_path / "top.md")
    results.render(tmp_path, tmp_path / "top.md")
    for written, committed in (
        (tmp_path / "README.md", RESULTS / "README.md"),
        (tmp_path / "top.md", ROOT / "README.md"),
    ):
        assert written.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.glob("*.svg")} == {
        path.name for path in RESULTS.glob("*.svg")
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "unknown benchmark 'nothing'"),
        (["--render", "kernels"], "--render measures nothing"),
        (["--tiny"], "--tiny needs another --folder"),
    ],
)
def test_wrong_arguments_are_refused(results, arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        results.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_nothing_is_rendered_from_nothing(results, tmp_path):
    with pytest.raises(SystemExit, match="nothing was measured yet"):
        results.main(["--render", "--folder", str(tmp_path), "--readme", str(tmp_path / "x")])


def test_measuring_keeps_older_figures_of_what_fails(results, tmp_path, monkeypatch, capsys):
    from benchmarks.harness import runner

    def run(name, *, json, tiny):
        if name == "memory":
            return 1
        json.write_text('{"new": true}', encoding="utf-8")
        return 0

    monkeypatch.setattr(runner, "run", run)
    for name in ("memory", "scaling"):
        (tmp_path / f"{name}.json").write_text('{"new": false}', encoding="utf-8")
    assert results.measure(["memory", "scaling"], tmp_path, tiny=True) == ["memory"]
    assert json.loads((tmp_path / "memory.json").read_text(encoding="utf-8")) == {"new": False}
    assert json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8")) == {"new": True}


def test_figures_without_those_of_some_libraries_are_kept(results, tmp_path, monkeypatch):
    from benchmarks.harness import runner

    def run(name, *, json, tiny):
        json.write_text('{"not_measured": ["a library"]}', encoding="utf-8")
        return 0

    monkeypatch.setattr(runner, "run", run)
    assert results.measure(["operations"], tmp_path, tiny=True) == []
    assert [path.name for path in tmp_path.iterdir()] == ["operations.json"]


def test_figures_of_what_this_machine_cannot_measure_are_not_kept(results, tmp_path, monkeypatch):
    from benchmarks.harness import runner

    def run(name, *, json, tiny):
        json.write_text('{"not_measured": "no card"}', encoding="utf-8")
        return 0

    monkeypatch.setattr(runner, "run", run)
    assert results.measure(["cuda"], tmp_path, tiny=True) == []
    assert not list(tmp_path.iterdir())
