"""The six outside users' way, with the commands of docs/your-network.md, each step timed: one JSON document.

``python -m benchmarks.walk --data FOLDER`` takes a folder with one folder of pictures a class (FER2013's ``test``,
say) and of each class a few. Six users come with networks whose weights are random and seeded, as no others are here:
import, explain, analyse, and in a real Chromium Explain, Compare beside ``cbam``, Misclassifications; ``--all`` gives
the other commands that take a network, too. What is measured is the way, not the network: how long a person waits, and
where it stops.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import UsageError
from engine.labels import EMOTIONS
from engine.predictor import SUFFIXES

CLASSES: Final = (*EMOTIONS, "contempt")
BAR_SECONDS: Final = 300.0
ROOT: Final = Path(__file__).resolve().parents[1]
NET: Final = """
import torch
from torch import nn


class CBAM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(c, c // 8), nn.ReLU(), nn.Linear(c // 8, c))
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        b, c = x.shape[:2]
        channel = torch.sigmoid(self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3)))).view(b, c, 1, 1)
        x = x * channel
        return x * torch.sigmoid(self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))


def block(i, o, gate):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), *gate, nn.MaxPool2d(2))


class EmotionCNN(nn.Module):
    def __init__(self, classes=8):
        super().__init__()
        self.features = nn.Sequential(*(block(i, o, [CBAM(o)]) for i, o in ((1, 32), (32, 64), (64, 128))))
        self.classifier = nn.Linear(128, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class FourBlocks(nn.Module):
    def __init__(self, classes=8):
        super().__init__()
        self.blocks = nn.Sequential(*(block(i, o, []) for i, o in ((1, 64), (64, 128), (128, 256), (256, 512))))
        self.fc1 = nn.Linear(512 * 9, 512)
        self.fc2 = nn.Linear(512, classes)

    def forward(self, x):
        return torch.log_softmax(self.fc2(self.fc1(self.blocks(x).flatten(1)).relu()), dim=1)
"""
GREY: Final = ("--input", "48x48x1", "--mean", ".5", "--std", ".5")


@dataclass(frozen=True)
class User:
    """One of the six: what is imported, and the words that go with it; ``makes`` is Python that writes ``w.pth``."""

    name: str
    source: str
    words: tuple[str, ...] = ()
    makes: str = ""


def _timm(name: str, **more: Any) -> str:
    return (
        f"import timm, torch; torch.save(timm.create_model({name!r}, num_classes=8, **{more!r}).state_dict(), 'w.pth')"
    )


def _attention(kind: str) -> User:
    arguments = {"block_args": {"attn_layer": kind}}
    words = ("--args", json.dumps(arguments), *GREY)
    return User(f"timm-{kind}", "timm:resnet18", words, _timm("resnet18", in_chans=1, **arguments))


USERS: Final = (
    User(
        "torchvision",
        "torchvision:resnet18",
        makes="import torch; from torchvision import models; "
        "torch.save(models.resnet18(num_classes=8).state_dict(), 'w.pth')",
    ),
    *(_attention(kind) for kind in ("cbam", "eca", "se")),
    User(
        "by-hand",
        "net.py:EmotionCNN",
        (*GREY, "--trust-code"),
        "import torch; from net import EmotionCNN; torch.save(EmotionCNN().state_dict(), 'w.pth')",
    ),
    User(
        "four-blocks",
        "net.py:FourBlocks",
        (*GREY, "--trust-code"),
        "import torch; from net import FourBlocks as F; torch.save({'epoch': 9, 'model_state_dict': "
        "{f'module.{k}': v for k, v in F().state_dict().items()}}, 'w.pth')",
    ),
    User(
        "vit",
        "timm:vit_tiny_patch16_224",
        ("--args", '{"img_size": 96}', "--input", "96x96x3"),
        _timm("vit_tiny_patch16_224", img_size=96),
    ),
)
REFUSED: Final = ("model.h5", "model.keras", "model.onnx")
"""What a Keras or ONNX user comes with."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walk", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="one folder of pictures a class")
    parser.add_argument("--each", type=int, default=30, help="pictures of each class (default: %(default)s)")
    parser.add_argument("--user", action="append", choices=[user.name for user in USERS], help="only this one")
    parser.add_argument("--all", action="store_true", help="give the other commands that take a network, too")
    parser.add_argument("--no-pages", action="store_true", help="leave the browser out")
    parser.add_argument(
        "--shots", type=Path, metavar="FOLDER", help="keep a picture of each page as it stood at its end"
    )
    return parser.parse_args(arguments)


class Walk:
    """Gives commands in a work folder and keeps what became of each."""

    def __init__(self, work: Path, data: Path, each: int) -> None:
        self.work, self.data = work, work / "faces"
        for folder in (path for path in sorted(data.iterdir()) if path.is_dir()):
            (self.data / "test" / folder.name).mkdir(parents=True)
            for file in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)[:each]:
                shutil.copyfile(file, self.data / "test" / folder.name / file.name)
        self.steps: list[dict[str, Any]] = []
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        self.environment = {**os.environ, "PYTHONPATH": paths, "FERLENS_CHECKPOINTS": f"{work / 'shelf'}:"}
        (work / "net.py").write_text(NET)

    def give(self, user: str, step: str, *words: str, expected: int = 0) -> None:
        """Give one command of ``python -m engine``."""
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - this interpreter, with our own command
            [sys.executable, "-m", "engine", *words],
            cwd=self.work, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "Traceback"))]
        self.keep(user, step, time.perf_counter() - began, done.returncode == expected, " ".join(lines))

    def keep(self, user: str, step: str, seconds: float, as_expected: bool, said: str = "") -> None:
        """Keep what became of a step, and tell it."""
        self.steps.append(
            {"user": user, "step": step, "seconds": round(seconds, 1), "as_expected": as_expected, "said": said}
        )
        sys.stderr.write(f"{user:12} {step:20} {seconds:6.1f} s  {'' if as_expected else 'STOPPED '}{said}\n")

    def picture(self) -> str:
        """Return a picture of the data."""
        return str(next(path for path in sorted(self.data.rglob("*")) if path.suffix.lower() in SUFFIXES))

    def of(self, user: User) -> None:
        """Go one user's way on the command line."""
        made = f"import torch; torch.manual_seed(0); {user.makes}"
        subprocess.run([sys.executable, "-c", made], cwd=self.work, check=True, env=self.environment)  # noqa: S603
        named = ("--weights", "w.pth", "--classes", ",".join(CLASSES), "--name", user.name)
        self.give(user.name, "import", "import", user.source, *user.words, *named)
        shown = ("--model", user.name, "--out", f"shown-{user.name}", "--whole")
        self.give(user.name, "explain", "explain", self.picture(), *shown)
        data = ("--dataset", "folder", "--data", str(self.data))
        self.give(user.name, "analyze", "analyze", "--model", user.name, *data)

    def others(self, user: User) -> None:
        """Give every other command that takes a network."""
        model, data = ("--model", user.name), ("--dataset", "folder", "--data", str(self.data))
        self.give(user.name, "evaluate", "evaluate", *model, *data)
        # eight classes against seven, which the command says; the page compares what both know
        self.give(user.name, "compare", "compare", "--models", user.name, "cbam", *data, expected=2)
        self.give(user.name, "predict", "predict", self.picture(), "--whole", *model)
        self.give(user.name, "export onnx", "export", *model, "--format", "onnx", "--out", f"{user.name}.onnx")
        self.give(user.name, "report", "report", *model, "--out", f"{user.name}-report")
        self.give(user.name, "benchmark gates", "benchmark", "gates", *model, *data, "--pictures", "32")
        self.give(user.name, "benchmark robustness", "benchmark", "robustness", *model, *data, "--limit", "32")
        self.give(user.name, "benchmark what-if", "benchmark", "what-if", *model)

    def pages(self, users: Sequence[User], shots: Path | None = None) -> None:
        """Open the pages of each in a real browser; ``shots`` is where pictures of them are kept."""
        from playwright.sync_api import expect, sync_playwright

        from tests.browser.conftest import serve
        from tests.browser.setup import FLAGS, find_browser

        settings = {"FERLENS_DATA": str(self.data)}
        with serve(Path(self.environment["FERLENS_CHECKPOINTS"]), settings) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
            for name, (title, address, shows) in ((user.name, page) for user in users for page in _pages(user.name)):
                began, page = time.perf_counter(), browser.new_page(viewport={"width": 1440, "height": 1000})
                page.goto(f"{url}/{address}")
                said = ""
                try:
                    expect(page.locator(shows).first).to_be_visible(timeout=240_000)
                    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=240_000)
                    said = " ".join(page.get_by_test_id("stAlert").all_inner_texts())
                    fine = page.get_by_test_id("stException").count() == 0
                except AssertionError:
                    fine, said = False, " ".join(page.get_by_test_id("stMain").inner_text().split())[:300]
                self.keep(name, title, time.perf_counter() - began, fine, said)
                if shots is not None:
                    self.shoot(page, shots / f"{name}-{title.removeprefix('page ')}.png")
                page.close()
            browser.close()

    @staticmethod
    def shoot(page: Any, file: Path) -> None:
        """Keep the whole page, which scrolls inside its main part, as a picture."""
        tall = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 1000")
        page.set_viewport_size({"width": 1440, "height": min(max(int(tall), 1000), 12_000)})
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(file))


def _pages(name: str) -> Iterator[tuple[str, str, str]]:
    yield "page Explain", f"Explain?model={name}&source=sample", ".fl-map"
    yield (
        "page Compare",
        f"Compare?model={name}&models={name}%2Ccbam&source=sample",
        ".fl-map",
    )
    yield "page Misclassifications", f"Misclassifications?model={name}", ".fl-tile"


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk and print one JSON document; status 1 where a step did not end as it should, or a user took too long."""
    given = parse(arguments)
    if not given.data.is_dir():
        raise UsageError("Expected --data to be a folder with one folder of pictures a class.")
    users = [user for user in USERS if given.user is None or user.name in given.user]
    with tempfile.TemporaryDirectory(prefix="ferlens-walk-") as folder:
        walk = Walk(Path(folder), given.data, given.each)
        for user in users:
            walk.of(user)
            if given.all:
                walk.others(user)
        for name in REFUSED:
            (walk.work / name).write_bytes(b"\x00" * 64)
            walk.give("keras, onnx", name, "import", name, "--classes", ",".join(CLASSES), "--name", "no", expected=2)
        if not given.no_pages:
            if given.shots is not None:
                given.shots.mkdir(parents=True, exist_ok=True)
            walk.pages(users, given.shots)
    own = ("import", "explain", "analyze", "page Explain", "page Compare", "page Misclassifications")
    totals = {
        user.name: round(
            sum(one["seconds"] for one in walk.steps if one["user"] == user.name and one["step"] in own), 1
        )
        for user in users
    }
    sys.stdout.write(json.dumps({"seconds": totals, "bar_seconds": BAR_SECONDS, "steps": walk.steps}, indent=1) + "\n")
    fine = all(one["as_expected"] for one in walk.steps) and max(totals.values()) <= BAR_SECONDS
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
