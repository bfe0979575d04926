"""Opening pages in a real browser, without a window."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# A frame, because the page's own policy forbids scripts in it.
_PROBE = """<!DOCTYPE html>
<iframe src="{url}"></iframe>
<script>
onload = () => {{
  const page = frames[0];
  for (const image of page.document.images)
    if (!image.naturalWidth) console.error("broken picture: " + image.outerHTML.slice(0, 200));
  for (const element of page.document.querySelectorAll("[src], [href]"))
    if (!(element.src || element.href).startsWith("data:"))
      console.error("refers to another file: " + element.outerHTML.slice(0, 200));
  console.info("looked at " + page.document.images.length + " pictures");
}};
</script>
"""


def executable():
    """Returns the path of Chromium or Chrome, or None."""
    found = filter(None, map(shutil.which, _NAMES))
    # A browser in a snap does not see the temporary folders of tests.
    return next((path for path in found if not path.startswith("/snap/")), None)


def look_at(path, folder):
    """Opens a page that should need nothing but itself.

    Args:
        path: The page.
        folder: Where to write the browser's own files.

    Returns:
        The number of its pictures, and what is wrong: everything that the browser writes to its
        console, pictures that do not show, and references to other files.
    """
    probe = Path(folder, "probe.html")
    probe.write_text(_PROBE.format(url=Path(path).absolute().as_uri()), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",  # in a container there is none
        "--disable-gpu",
        "--allow-file-access-from-files",  # the probe looks into its frame
        f"--user-data-dir={Path(folder, 'profile')}",
        "--enable-logging=stderr",
        "--v=0",
        "--dump-dom",
    ]
    done = subprocess.run(
        [executable(), *options, probe.absolute().as_uri()],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=True,
    )
    messages = re.findall(r"CONSOLE[:(]\d+\)?\] (.*)", done.stderr)
    looked = [re.search(r"looked at (\d+) pictures", message) for message in messages]
    assert sum(map(bool, looked)) == 1, done.stderr
    problems = [message for message, found in zip(messages, looked, strict=True) if not found]
    return int(next(filter(None, looked))[1]), problems
