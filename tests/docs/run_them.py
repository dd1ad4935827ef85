"""Run the commands of README.md and docs/*.md on a copy of the checkout, as a new user would; run by hand.

``python -m tests.docs.run_them [--data FER2013] [--document NAME] [--seconds 120]`` prints a line a command and one
JSON document. :mod:`tests.docs.test_words` asks the parsers of all of them; here they run, one after the other, in one
copy, so that what one makes is there for the next. Each runs in a process of its own, with the libraries loaded.

What would take hours runs small (:data:`SMALL`), what would run for ever is started and asked for its page, what wants
something that is not here is listed with the reason (:data:`LISTED`). The data are a few pictures of ``--data``, or
drawn patterns where it is not given; answers to them mean nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from engine.labels import EMOTIONS
from tests.browser.conftest import free_port
from tests.docs.test_words import DOCUMENTS, lines_of
from tests.made import ROOT, write_patterns

EACH: Final = 12
"""Pictures of each class and part that are taken of ``--data``."""

LISTED: Final[dict[str, str]] = {
    r"^(make|pip|git|docker|torchrun)\b": "sets up an environment, or wants what is not of this checkout",
    r"^(LIVE=|FILE=|CALL=|curl|\{)": "speaks to a live page; tests/dashboard/test_webcam_api.py does",
    r"─": "is no command",
    r"SAMM|CK\+48|--data CK\b|--data RAF|--dataset rafdb|ferplus|ONSET": "wants data that cannot be shipped",
    r"fer2013new\.csv": "wants FER+'s votes; given with --votes",
    r"SWINIR|SwinIR|--data large|weights-of": "wants weights of others, or what they made",
    r"engine video 0 ": "wants a camera",
    r"--limit scorecam=": "takes hours; the same without its limits runs small",
    r"my/(moved|both|enhanced|cmaen)\b": "goes on from what is listed",
}
"""What is not run, by what its line has, and why."""

SMALL: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"^train ", ("--epochs", "1", "--limit", "70", "--batch-size", "16")),
    (r"^ablate ", ("--epochs", "1", "--seeds", "1", "--limit", "70")),
    (r"^analyze .*--dataset synthetic", ("--limit", "70", "--out", "small-analysis", "--force")),
    (r"^benchmark gates ", ("--pictures", "7")),
    (r"^benchmark robustness ", ("--limit", "14")),
    (r"^benchmark evidence ", ("--limit", "14", "--methods", "gradcam")),
    (r"^benchmark live", ("--films", "1", "--seconds", "2")),
)
"""Words that are added to those of a long command; a later word counts, where one stands twice."""

BRANCHING: Final = """

class Net(EmotionCNN):
    def forward(self, x):
        if x.mean() > 100:  # PyTorch exports no network that decides by the picture
            x = 2 * x
        return super().forward(x)
"""
"""The network that is kept by its code."""

STARTED: Final = re.compile(r"^(serve|dashboard|webcam)\b")


@dataclass(frozen=True)
class Ran:
    """What became of a command.

    Attributes:
        document: where it stands. line: as it stands there. ran: as it was run; empty where it was not.
        how: ``as written``, ``small``, ``started``, ``listed``. status: None where it did not end, or was not run.
        seconds: how long. said: the last line of what it said on stderr, or why it was not run.
    """

    document: str
    line: str
    ran: str
    how: str
    status: int | None
    seconds: float
    said: str

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than well."""
        return self.how != "listed" and self.status not in (0, None)


def words_of(line: str) -> list[str]:
    """Return what stands after the program's name, without the variables before it; empty for another program's."""
    found = re.match(r"(?:[A-Z_]+=\S+ )*(?:\S*python\d* -m (?:engine|dashboard\.(?=webcam))\s*|ferlens )(.+)", line)
    return shlex.split(found[1], comments=True) if found else []


def reason(line: str, *, votes: bool) -> str:
    """Return why a line is not run; empty where it is."""
    for pattern, why in LISTED.items():
        if re.search(pattern, line) and not (votes and "fer2013new" in pattern):
            return why
    return "" if words_of(line) else "is another program's"


def small(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that make a command short, those alone that its parser takes."""
    line = " ".join(words) + " "
    return next((more for pattern, more in SMALL if re.match(pattern, line)), ())


class Checkout:
    """The copy that this runs in, with what the documents speak of: ``photo.jpg``, ``film.mp4``, ``net.py``, data..."""

    def __init__(self, data: Path | None, votes: Path | None) -> None:
        root = self.root = ROOT
        for name in ("PATH", "FER", "DATA"):
            self._faces(root / name, data)
        samples = root / "dashboard" / "samples"
        for name in ("photo.jpg", "other.jpg", "folder/one.jpg"):
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(samples / "two-faces.jpg", root / name)
        self._films()
        self._network()
        if votes is not None:
            shutil.copyfile(votes, root / "fer2013new.csv")
        self.trusted = "mine"

    @staticmethod
    def _faces(folder: Path, data: Path | None) -> None:
        if data is None:
            write_patterns(folder, train=EACH, test=EACH)
            return
        for part, mark in (("train", ""), ("test", "Public"), ("test", "Private")):
            for place in sorted(path for path in (data / part).iterdir() if path.is_dir()):
                chosen = [file for file in sorted(place.iterdir()) if mark in file.name][:EACH]
                (folder / part / place.name).mkdir(parents=True, exist_ok=True)
                for file in chosen:
                    shutil.copyfile(file, folder / part / place.name / file.name)

    def _films(self) -> None:
        from tests.live.made_live import photograph, write_film

        for name in ("film.mp4", "party.mp4"):
            write_film(self.root / name, [photograph(240)] * 12)

    def _network(self) -> None:
        """Write ``net.py``, as issue and documents have it, with its weights ``best.pth``."""
        from benchmarks.walk import NET

        (self.root / "net.py").write_text(NET.replace("classes=8", f"classes={len(EMOTIONS)}") + BRANCHING)
        made = "import torch; from net import EmotionCNN; torch.save(EmotionCNN().state_dict(), 'best.pth')"
        subprocess.run([sys.executable, "-c", made], cwd=self.root, check=True)

    def filled(self, line: str) -> str:
        """Return a line with what a reader puts in its place: class names for ``...``, the sha256 that was printed."""
        line = line.replace("--classes ...", f"--classes {','.join(EMOTIONS)}")
        return re.sub(r"[\w-]+@[0-9a-f]{8,}", self.trusted, line)

    def run(self, words: Sequence[str], seconds: float) -> tuple[int | None, str, str]:
        """Run ``python -m engine WORDS``; returns (status, or None where it was ended; stdout; stderr)."""
        out, err = self.root.parent / "out", self.root.parent / "err"
        process = multiprocessing.get_context("fork").Process(target=_command, args=(self.root, words, out, err))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            return None, out.read_text(errors="replace"), f"ended after {seconds:.0f} s"
        said = err.read_text(errors="replace")
        if "Traceback" in said:
            return 70, out.read_text(errors="replace"), said
        return process.exitcode, out.read_text(errors="replace"), said

    def start(self, words: Sequence[str], seconds: float) -> tuple[int, str]:
        """Start a server, ask for its page, end it; returns (0 where it answered, what is said)."""
        port, kept = free_port(), [word for word in words if word != "--share"]
        for option in ("--port", "--host", "--auth"):
            if option in kept:
                at = kept.index(option)
                del kept[at : at + 2]
        program = ["dashboard.webcam", *kept[1:]] if kept[0] == "webcam" else ["engine", *kept]
        if kept[0] == "dashboard":
            program = ["dashboard.serve", *kept[1:]]
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "--port", str(port)],
            cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            end = time.monotonic() + 2 * seconds
            while time.monotonic() < end and process.poll() is None:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                        return 0, f"answered {answer.status}"
                except (urllib.error.URLError, OSError):
                    time.sleep(0.5)
            said = "no answer" if process.poll() is None else (process.stderr.read() if process.stderr else "")
            return 1, said
        finally:
            process.terminate()
            process.wait(60)


def copy_checkout(place: Path) -> None:
    """Copy what git knows of the checkout, and new files with it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, place / name)


def _command(root: Path, words: Sequence[str], out: Path, err: Path) -> None:
    """Be ``python -m engine`` in the copy; runs in the child."""
    os.chdir(root)
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ["COLUMNS"] = "120"
    from engine.cli.main import main

    sys.exit(main(list(words)))


def run_document(checkout: Checkout, path: Path, seconds: float, *, votes: bool) -> list[Ran]:
    """Run what stands in a document."""
    done: list[Ran] = []
    written = (" ".join(line.split()) for line in lines_of(path.read_text(encoding="utf-8")))
    for line in dict.fromkeys(filter(None, written)):
        why = reason(line, votes=votes)
        if why:
            done.append(Ran(path.name, line, "", "listed", None, 0.0, why))
            continue
        words = words_of(checkout.filled(line))
        began = time.perf_counter()
        if STARTED.match(words[0]):
            status: int | None
            status, said = checkout.start(words, seconds)
            how = "started"
        else:
            more = small(words)
            words += more
            status, printed, said = checkout.run(words, seconds)
            how = "small" if more else "as written"
            if found := re.search(r"[\w-]+@[0-9a-f]{8,}", printed + said):
                checkout.trusted = found[0]
            if status == 0 and "--json" in words:
                try:
                    json.loads(printed)
                except ValueError:
                    status, said = 71, "what it printed is no JSON document"
        last = (said.strip().splitlines() or [""])[-1][:300]
        done.append(Ran(path.name, line, shlex.join(words), how, status, round(time.perf_counter() - began, 1), last))
        one = done[-1]
        mark = "FAILED" if one.failed else one.how
        sys.stderr.write(f"{one.document:20} {mark:10} {one.status!s:5} {one.seconds:6.1f} s  {line[:110]}\n")
        if one.failed:
            sys.stderr.write(f"{'':22}{last}\n")
    return done


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print; status 1 where a command failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.run_them", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help="FER2013, train and test by class; else drawn patterns")
    parser.add_argument("--votes", type=Path, help="FER+'s fer2013new.csv, for the commands that take it")
    parser.add_argument("--document", action="append", help="its name, for example your-network.md; default: all")
    parser.add_argument("--seconds", type=float, default=120.0, help="after which a command is ended (default: 120)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if not given.inside:
        return _in_a_copy(given, list(sys.argv[1:] if arguments is None else arguments))
    import engine.predictor  # noqa: F401 - loaded once, for all children

    read = [path for path in DOCUMENTS if given.document is None or path.name in given.document]
    checkout, votes = Checkout(given.data, given.votes), given.votes is not None
    done = [one for path in read for one in run_document(checkout, path, given.seconds, votes=votes)]
    failed = [one for one in done if one.failed]
    counts = {how: sum(one.how == how for one in done) for how in ("as written", "small", "started", "listed")}
    document = {"counts": counts, "failed": len(failed), "commands": [asdict(one) for one in done]}
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return 1 if failed else 0


def _in_a_copy(given: argparse.Namespace, words: Sequence[str]) -> int:
    """Do it in a copy, with the copy's own code."""
    with tempfile.TemporaryDirectory(prefix="ferlens-documents-") as folder:
        place = Path(folder) / "ferlens"
        copy_checkout(place)
        whole = [str(Path(word).absolute()) if word in {str(given.data), str(given.votes)} else word for word in words]
        own = ("FERLENS_", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        program = [sys.executable, "-m", "tests.docs.run_them", *whole, "--inside"]
        return subprocess.run(program, cwd=place, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
