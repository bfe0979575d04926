"""How Sphinx makes the site: `sphinx-build -W --keep-going -c docs . build/site`.

Its source is the whole checkout, so that documents in it link to each other, and to files, as they
do elsewhere.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any

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
    "examples/README.md",
    "python/batchwarp/training/MIGRATION.md",
]
exclude_patterns = ["docs/draw_batch.py", "docs/draw_gallery.py", "docs/conf.py"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
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


# Programs are pages' own text on the site, where a link to a file would only download it.
_PROGRAMS = "examples/README"
_LINK = re.compile(r"\]\(((?:\.\./)*)(examples/)?(\w+)\.py\)")


def _show_programs(text: str, is_their_page: bool) -> str:
    """Returns a page that links to programs as they stand on one page, and that page with them."""

    def shown(link: re.Match[str]) -> str:
        up, folder, name = link.groups()
        if is_their_page:
            return f"](#{name}py)"
        return f"]({up}{_PROGRAMS}.md#{name}py)" if folder else link[0]

    programs = re.findall(r"\]\((\w+\.py)\)", text) if is_their_page else ()
    return _LINK.sub(shown, text) + "".join(
        f"\n## {name}\n\n{{download}}`{name}`\n\n"
        f"```{{literalinclude}} {name}\n:language: python\n```\n"
        for name in programs
    )


def setup(app: Any) -> None:
    """Makes the first page be found where a site begins, and programs be shown."""

    def read(_: Any, name: str, source: list[str]) -> None:
        if name == _PROGRAMS or "examples/" in source[0]:
            source[0] = _show_programs(source[0], name == _PROGRAMS)

    app.connect("source-read", read)

    def lead_on(app: Any, error: Exception | None) -> None:
        if error is None and app.builder.format == "html":
            page = '<!doctype html><meta http-equiv="refresh" content="0; url=docs/index.html">\n'
            (Path(app.outdir) / "index.html").write_text(page, encoding="utf-8")

    app.connect("build-finished", lead_on)
