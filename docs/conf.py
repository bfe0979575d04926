"""How Sphinx makes the site: `sphinx-build -W --keep-going -c docs . build/site`.

Its source is the whole checkout, so that documents in it link to each other, and to files, as they
do elsewhere.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx_gallery.sorting import ExplicitOrder

_DOCS = Path(__file__).parent
sys.path.insert(0, str(_DOCS))
import draw_thumbnails  # noqa: E402 - it is beside this file

project = "batchwarp"
author = "The batchwarp authors"
project_copyright = author
version = release = metadata.version("batchwarp")

root_doc = "docs/index"
include_patterns = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "COMPATIBILITY.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benchmarks/README.md",
    "benchmarks/results/README.md",
    "cpp/src/cuda/README.md",
    "docs/**",
    "python/batchwarp/training/MIGRATION.md",
]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

autodoc_typehints = "none"  # docstrings say what arguments are
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = True
autosummary_generate = False
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
intersphinx_mapping: dict[str, Any] = {}  # nothing is fetched to build the site

html_theme = "furo"
html_title = f"batchwarp {release}"
html_static_path: list[str] = []
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


# Programs that draw are run for their pages: those that need no library that trains.
_LISTED = (_DOCS.parent / "examples" / "README.md").read_text(encoding="utf-8")
_PROGRAMS = re.findall(r"\]\((\w+)\.py\)", _LISTED)
_SHOWN = {*draw_thumbnails.SHOWN, *draw_thumbnails.PARTS}
_RUN = [name for name in _PROGRAMS if name not in _SHOWN]
sphinx_gallery_conf: dict[str, Any] = {
    "examples_dirs": "examples",
    "gallery_dirs": "docs/programs",
    "filename_pattern": rf"[/\\]({'|'.join(_RUN)})\.py$",
    "within_subsection_order": ExplicitOrder(
        [f"{name}.py" for name in sorted(_PROGRAMS, key=lambda name: name in _SHOWN)]
    ),
    "run_stale_examples": True,  # what they show depends on more than on themselves
    "backreferences_dir": "docs/programs/uses",  # which programs use a name of the reference
    "doc_module": ("batchwarp",),
    "capture_repr": (),
    "first_notebook_cell": "%pip install -q batchwarp",
    "min_reported_time": float("inf"),
    "show_signature": False,
    "write_computation_times": False,
}


# On the site programs have pages, where a link to a file would only download it.
_LINK = re.compile(r"\]\(((?:\.\./)*)examples/(?:(\w+)\.py|README\.md)\)")


def setup(app: Any) -> None:
    """Makes the first page be found where a site begins, and the pages of programs."""

    def draw(app: Any) -> None:
        draw_thumbnails.draw(Path(app.srcdir, "docs", "programs", "images"))

    app.connect("builder-inited", draw, priority=100)  # before the gallery is made

    def read(_: Any, __: str, source: list[str]) -> None:
        source[0] = _LINK.sub(
            lambda link: f"]({link[1]}docs/programs/{link[2] or 'index'}.rst)", source[0]
        )

    app.connect("source-read", read)

    def lead_on(app: Any, error: Exception | None) -> None:
        if error is None and app.builder.format == "html":
            page = '<!doctype html><meta http-equiv="refresh" content="0; url=docs/index.html">\n'
            (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")

    app.connect("build-finished", lead_on)
