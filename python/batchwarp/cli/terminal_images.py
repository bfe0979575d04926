"""Pictures in a terminal, by the escape sequences of iTerm2 and kitty.

https://iterm2.com/documentation-images.html and
https://sw.kovidgoyal.net/kitty/graphics-protocol say what these are.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["escape_sequence", "image_protocol", "width_in_pixels"]

_ITERM2_PROGRAMS = {"iTerm.app", "WezTerm", "vscode", "mintty"}
_KITTY_CHUNK = 4096  # characters, the most that the protocol allows


def image_protocol(environment: Mapping[str, str]) -> str | None:
    """Returns the protocol by which the terminal shows pictures.

    A terminal multiplexer hides the terminal, and has none.

    Args:
        environment: As `os.environ`.

    Returns:
        `"kitty"`, `"iterm2"`, or `None` for a terminal that is not known to show pictures.
    """
    get = environment.get
    term, program = get("TERM", ""), get("TERM_PROGRAM", "")
    if "TMUX" in environment or term.startswith(("screen", "tmux")):
        return None
    if program in _ITERM2_PROGRAMS or get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    if term in ("xterm-kitty", "xterm-ghostty") or "KITTY_WINDOW_ID" in environment:
        return "kitty"
    return None


def escape_sequence(png: bytes, protocol: str, columns: int | None = None) -> str:
    """Returns what shows a picture when it is written to a terminal.

    Args:
        png: Content of a PNG file.
        protocol: `"kitty"` or `"iterm2"`.
        columns: Width to scale it to, in characters; `None` for its own size.

    Returns:
        String of ASCII characters that ends in a new line.
    """
    content = base64.b64encode(png).decode("ascii")
    if protocol == "iterm2":
        width = "auto" if columns is None else str(columns)
        return f"\x1b]1337;File=size={len(png)};width={width};inline=1:{content}\x07\n"
    parts = [content[at : at + _KITTY_CHUNK] for at in range(0, len(content), _KITTY_CHUNK)]
    # a=T shows at once, f=100 is PNG, q=2 asks for no answer, which nobody would read.
    keys = "a=T,f=100,q=2," + ("" if columns is None else f"c={columns},")
    last = len(parts) - 1
    return (
        "".join(
            f"\x1b_G{keys if not index else ''}m={int(index < last)};{part}\x1b\\"
            for index, part in enumerate(parts)
        )
        + "\n"
    )


def width_in_pixels() -> int | None:
    """Returns the width of the terminal's window, or `None` if it does not tell."""
    if sys.platform != "win32":
        import fcntl
        import struct
        import termios

        with suppress(OSError, ValueError, AttributeError):  # any stream may be in its place
            size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
            return struct.unpack("HHHH", size)[2] or None
    return None
