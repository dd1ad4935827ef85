"""What pyproject.toml cannot say: which of the shipped models travel in the wheel, as ``ferlens/checkpoints``."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

TRAVELLING = ("cbam", "synthetic-baseline", "synthetic-cbam")


class BuildWithModels(build_py):
    """Copies the models; a checkout that is installed with ``-e`` uses its own."""

    def run(self) -> None:
        """Build as ever, then copy."""
        super().run()
        if self.editable_mode:
            return
        for name in TRAVELLING:
            target = Path(self.build_lib) / "ferlens" / "checkpoints" / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(Path("checkpoints") / name, target)


setup(cmdclass={"build_py": BuildWithModels})
