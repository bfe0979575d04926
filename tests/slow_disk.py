"""A file system that is slow: it shows a folder, and takes its time for each file.

It answers the kernel's FUSE protocol by itself, so that it needs no library, but Linux, permission
to mount, and /dev/fuse. Run as a program, it is the disk; `mounted` starts it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_DETACH = 2  # MNT_DETACH
_HEADER = struct.Struct("<IIQQIIII")  # length, what, number, node, and who asks
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _RELEASE, _INIT = 1, 2, 3, 14, 15, 18, 26
_OPENDIR, _READDIR, _RELEASEDIR, _BATCH_FORGET = 27, 28, 29, 42
_KEEP_CACHE = 2
_MOST = 1 << 17


class Mounted:
    """A disk that is there.

    Attributes:
        path: Where.
        most_at_once: For how many files it was waited for at once, at most; known in the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.most_at_once = 0


class _Disk:
    """Answers the kernel, each question in a thread of its own, as a disk that takes many at once.

    Args:
        device: Integer, the descriptor of /dev/fuse.
        folder: String, what is shown.
        seconds: Float, how long it takes to open a file for the first time, and to read each part
            of it that the kernel does not have.

    Attributes:
        most_at_once: Integer, see `Mounted`.
    """

    def __init__(self, device: int, folder: str, seconds: float) -> None:
        self._device, self._seconds = device, seconds
        self._paths, self._nodes = {1: folder}, {folder: 1}
        self._known: set[int] = set()
        self._lock = threading.Lock()
        self._waited_for = self.most_at_once = 0

    def _wait(self) -> None:
        with self._lock:
            self._waited_for += 1
            self.most_at_once = max(self.most_at_once, self._waited_for)
        time.sleep(self._seconds)
        with self._lock:
            self._waited_for -= 1

    def serve(self) -> None:
        """Answers until it is unmounted."""
        while True:
            try:
                asked = os.read(self._device, _MOST + 4096)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                raise
            threading.Thread(target=self._answer, args=(asked,), daemon=True).start()

    def _answer(self, asked: bytes) -> None:
        _, what, number, node, *_ = _HEADER.unpack_from(asked)
        if what in (_FORGET, _BATCH_FORGET):
            return
        try:
            content, failed = self._content(what, node, asked[_HEADER.size :]), 0
        except OSError as error:
            content, failed = b"", error.errno or errno.EIO
        os.write(self._device, struct.pack("<IiQ", 16 + len(content), -failed, number) + content)

    def _content(self, what: int, node: int, body: bytes) -> bytes:
        if what == _INIT:
            return struct.pack("<IIIIHHIIHH32x", 7, 31, _MOST, 0, 64, 48, _MOST, 1, 0, 0)
        path = self._paths[node]
        if what == _LOOKUP:
            path = f"{path}/{os.fsdecode(body[:-1])}"
            attributes = self._attributes(path)
            with self._lock:
                node = self._nodes.setdefault(path, len(self._nodes) + 1)
                self._paths[node] = path
            return struct.pack("<QQQQII", node, 0, 3600, 3600, 0, 0) + attributes(node)
        if what == _GETATTR:
            return struct.pack("<QII", 3600, 0, 0) + self._attributes(path)(node)
        if what == _OPEN:
            if node not in self._known:
                self._wait()
                self._known.add(node)
            return struct.pack("<QII", os.open(path, os.O_RDONLY), _KEEP_CACHE, 0)
        if what == _READ:
            self._wait()
            handle, offset, size = struct.unpack_from("<QQI", body)
            return os.pread(handle, size, offset)
        if what == _RELEASE:
            os.close(struct.unpack_from("<Q", body)[0])
            return b""
        if what == _READDIR:
            _, offset, size = struct.unpack_from("<QQI", body)
            return self._entries(path, offset, size)
        if what in (_OPENDIR, _RELEASEDIR):
            return bytes(16 if what == _OPENDIR else 0)
        raise OSError(errno.ENOSYS, "not answered")

    @staticmethod
    def _attributes(path: str) -> Callable[[int], bytes]:
        found = Path(path).stat()
        seconds, parts = divmod(found.st_mtime_ns, 10**9)

        def packed(node: int) -> bytes:
            return struct.pack(
                "<QQQQQQIIIIIIIIII", node, found.st_size, -(-found.st_size // 512),
                seconds, seconds, seconds, parts, parts, parts, found.st_mode, 1, 0, 0, 0, 4096, 0,
            )  # fmt: skip

        return packed

    @staticmethod
    def _entries(path: str, offset: int, size: int) -> bytes:
        found = b""
        for place, name in enumerate(sorted(Path(path).iterdir())[offset:], offset + 1):
            encoded = os.fsencode(name.name)
            entry = struct.pack("<QQII", 2**32 + place, place, len(encoded), 0) + encoded
            entry += bytes(-len(entry) % 8)
            if len(found) + len(entry) > size:
                break
            found += entry
        return found


def _mount(device: int, place: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    if libc.mount(b"slow", os.fsencode(place), b"fuse.slow", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def mounted(folder: Path, place: Path, seconds: float) -> Iterator[Mounted]:
    """Shows a folder on a slow disk; a test is skipped where nothing can be mounted.

    Args:
        folder: What is shown.
        place: An empty folder, where.
        seconds: As of `_Disk`.
    """
    import pytest

    if not sys.platform.startswith("linux"):
        pytest.skip("no file system can be mounted")
    command = [sys.executable, __file__, str(folder), str(place), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as disk:
        assert disk.stdout is not None
        said = disk.stdout.readline().strip()
        if said != "mounted":
            pytest.skip(f"no file system can be mounted: {said}")
        found = Mounted(place)
        try:
            yield found
        finally:
            ctypes.CDLL(None).umount2(os.fsencode(place), _DETACH)
            try:
                said, _ = disk.communicate(timeout=60)  # which ends once nobody has it open
            finally:
                disk.kill()
        found.most_at_once = int(said)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    """Is the disk."""
    folder, place, seconds = sys.argv[1:]
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
        _mount(device, place)
    except (OSError, AttributeError) as error:
        _say(error)
        return
    _say("mounted")
    disk = _Disk(device, folder, float(seconds))
    disk.serve()
    _say(disk.most_at_once)


if __name__ == "__main__":
    main()
