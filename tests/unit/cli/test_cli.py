"""The command line, as far as it needs no training."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

import batchwarp
from batchwarp.cli import main
from batchwarp.console import frameworks
from batchwarp.console.errors import MissingPackageError
from batchwarp.training.scripts import ox


def fails(arguments, capsys):
    """Runs a command that must fail; returns its one line on standard error."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("batchwarp: error: ")
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["paint"], "'paint'"),
        (["train"], "SCRIPT"),
        (["train", "nothing"], "'nothing'"),
        (["train", "ox", "--generator", "scipy"], "'scipy'"),
        (["train", "fashion-mnist", "--model", "e"], "'e'"),
        (["train", "ox", "--epochs", "0"], "--epochs: must be at least 1, received: 0"),
        (["train", "ox", "--epochs", "ten"], "--epochs: 'ten' is not a whole number"),
        (["train", "ox", "--batch-size", "-1"], "--batch-size: must be at least 1"),
        (["train", "ox", "--limit", "3"], "--limit: must be at least 20"),
        (["train", "ox", "--threads", "0"], "--threads: must be at least 1"),
        (["train", "ox", "--seed", "-1"], "--seed: must be at least 0"),
        (["train", "ox", "--seed", str(2**32)], "--seed: must be at most"),
        (["train", "ox", "--unknown"], "--unknown"),
        (["info", "more"], "more"),
    ],
)
def test_wrong_arguments_are_one_line_and_status_2(arguments, message, capsys):
    assert message in fails(arguments, capsys)


def test_error_names_the_help_that_applies(capsys):
    assert "see batchwarp train ox --help" in fails(["train", "ox", "--epochs", "0"], capsys)


@pytest.mark.parametrize("script", ["ox", "asl", "mnist", "fashion-mnist", "cats-dogs"])
def test_missing_data_is_one_line_and_makes_no_folder(script, tmp_path, capsys):
    missing, out = tmp_path / "missing", tmp_path / "out"
    message = fails(["train", script, "--data", str(missing), "--out", str(out)], capsys)
    assert str(missing) in message
    assert not out.exists()


@pytest.mark.parametrize("package", ["tensorflow", "keras", "jinja2", "rich", "scipy"])
def test_missing_package_says_how_to_install_it(package, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="it is asked for first")
    if package == "tensorflow":
        keras = pytest.importorskip("keras")
        if keras.backend.backend() != package:
            pytest.skip(f"Keras runs on {keras.backend.backend()} here")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    message = fails(["train", "ox", "--limit", "20", "--out", str(tmp_path / "out")], capsys)
    assert message.startswith(f"batchwarp: error: {package} ")
    assert "pip install 'batchwarp[train]'" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("package", "installed", "message"),
    [
        ("torch", (), "pip install torch"),
        ("tensorflow", (), "pip install 'batchwarp[train]'"),
        ("tensorflow", ("torch",), "pip install 'batchwarp[train]', or set KERAS_BACKEND=torch"),
    ],
)
def test_missing_backend_says_how_to_get_one(package, installed, message, monkeypatch):
    monkeypatch.setattr(
        frameworks.importlib.util, "find_spec", lambda name: name if name in installed else None
    )
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=f"{re.escape(message)}$"):
        frameworks._import(package)


def test_backend_that_cannot_train_is_status_2():
    environment = {**os.environ, "KERAS_BACKEND": "abacus"}
    command = [sys.executable, "-m", "batchwarp", "train", "ox", "--limit", "20"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("batchwarp: error: KERAS_BACKEND: ")
    assert done.stderr.count("\n") == 1


def test_missing_matplotlib_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = fails(["train", "ox", "--out", str(tmp_path / "out")], capsys)
    assert "matplotlib" in message
    assert "pip install 'batchwarp[train]'" in message


def test_ctrl_c_is_status_130_without_traceback(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(ox, "prepare", interrupted)
    assert main(["train", "ox"]) == 130
    assert capsys.readouterr().err == ""


def test_as_a_module():
    command = [sys.executable, "-m", "batchwarp", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"batchwarp {batchwarp.__version__}\n"


def test_version_and_help(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"batchwarp {batchwarp.__version__}\n"
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    output = capsys.readouterr().out
    assert "ox" in output
    assert "fashion-mnist" in output


def test_info_shows_what_a_bug_report_needs(capsys):
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    lines = dict(line.split("  ", 1) for line in output.splitlines())
    assert lines["batchwarp"].strip() == batchwarp.__version__
    assert batchwarp.runtime.simd_tier() in lines["instruction set"]
    assert lines["threads"].strip() == str(batchwarp.runtime.get_num_threads())
    assert "libjpeg-turbo" in lines["jpeg"]
    for name in ("python", "numpy", "opencv", "pillow", "keras", "tensorflow"):
        assert name in lines
    for name, value in batchwarp.runtime.build_config().items():
        assert lines[f"core: {name}"].strip() == (value or "none")


def test_module_can_be_run_and_loads_nothing_heavy():
    code = (
        "import sys; from batchwarp.cli import main; main(['info'])\n"
        "heavy = {'cv2', 'keras', 'matplotlib', 'pandas', 'scipy', 'tensorflow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-m", "batchwarp", "train", "ox", "--epochs", "x"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of Windows report no broken reader")
def test_reader_that_has_enough_is_no_error():
    # The reader is gone before the first line is written.
    code = (
        "import os, sys; from batchwarp.cli import main\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "sys.exit(main(['info']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="closes what Windows needs to start Python")
def test_closed_standard_streams_are_opened_to_nowhere():
    # What is opened next must not get what is printed.
    code = (
        "import os, sys; from batchwarp.cli import main\n"
        "assert (sys.stdin, sys.stdout, sys.stderr) == (None, None, None)\n"
        "status = main(['info'])\n"
        "number = os.open(os.devnull, os.O_RDONLY)\n"
        "os._exit(status if number > 2 and sys.stdout.fileno() == 1 else 70)\n"
    )
    command = 'exec "$0" -c "$1" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", command, sys.executable, code], timeout=60).returncode == 0


def test_held_back_notices_appear_when_there_is_an_error(capfd):
    def fail():
        with frameworks._silent_stderr():
            subprocess.run([sys.executable, "-c", "import os; os.write(2, b'notice')"], check=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capfd.readouterr().err == "notice"
    with frameworks._silent_stderr():
        subprocess.run([sys.executable, "-c", "import os; os.write(2, b'notice')"], check=True)
    assert capfd.readouterr().err == ""


def damaged_file(folder, name):
    """Writes a file that is no image; its folder is made."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"no image")
    return folder


@pytest.mark.parametrize("encoding", ["ascii", "utf-8:strict"])
def test_names_that_the_output_cannot_encode(tmp_path, encoding):
    name = os.fsdecode("猫".encode() + (b"\xff" if os.name == "posix" else b"")) + ".png"
    folder = damaged_file(tmp_path / "d", name)
    command = [sys.executable, "-m", "batchwarp", "check", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    result = subprocess.run(command, env=environment, capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (1, b"")
    assert ("猫" if encoding != "ascii" else r"\u732b").encode() in result.stdout


def test_check_finds_folders_that_cannot_be_read(tmp_path, monkeypatch, capsys):
    damaged_file(tmp_path / "a", "0.png")
    closed = str(damaged_file(tmp_path / "b", "0.png"))
    scan = os.scandir

    def refuse(path):
        if os.fspath(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["check", str(tmp_path)]) == 1
    output = capsys.readouterr().out.splitlines()
    assert output[1].split() == ["b", "folder:", "Permission", "denied"]
    assert output[3:] == [
        "1 file, 1 of them cannot be read",
        "folders that cannot be looked into: 1",
    ]
    assert main(["check", closed]) == 1
    assert "folder: Permission denied" in capsys.readouterr().out


def test_check_takes_formats_with_spaces(tmp_path, capsys):
    damaged_file(tmp_path, "0.webp")
    assert main(["check", str(tmp_path), "--formats", "png, webp", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["files"] == 1
