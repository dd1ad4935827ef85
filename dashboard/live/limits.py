"""How much the live page and its API take: size, rate and concurrency, each a setting with a safe default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from engine.errors import UsageError

PREFIX: Final = "FERLENS_LIVE_"
"""Of the environment variables: ``FERLENS_LIVE_VIEWERS=8`` sets :attr:`Limits.viewers`."""


def _limit(default: int, lowest: int, highest: int, words: str) -> Any:
    return field(default=default, metadata={"lowest": lowest, "highest": highest, "words": words})


@dataclass(frozen=True)
class Limits:
    """The settings; each stands in the environment under :data:`PREFIX` and its name in capitals.

    Attributes:
        viewers: cameras that run at the same time.
        frames_per_second: of one camera; more are dropped.
        frame_kilobytes: of one JPEG frame from a camera.
        upload_megabytes: of one picture sent to the API.
        uploads_per_minute: to the API, from one client address; those beyond get a sentence.
        folder_megabytes: of all pictures that the server holds at the same time.
        requests_per_minute: of the API, for one client address; those beyond get a sentence.
        concurrency: API requests worked on at the same time; others wait.
        waiting: API requests that may wait; those beyond are refused.
        faces: of one picture that are answered, the largest first.
    """

    viewers: int = _limit(4, 1, 64, "cameras at the same time")
    frames_per_second: int = _limit(30, 1, 60, "frames a second of one camera")
    frame_kilobytes: int = _limit(1_000, 50, 10_000, "kilobytes of one camera frame")
    upload_megabytes: int = _limit(10, 1, 50, "megabytes of one picture")
    uploads_per_minute: int = _limit(60, 1, 100_000, "uploads a minute and client")
    folder_megabytes: int = _limit(200, 1, 100_000, "megabytes of all pictures held at the same time")
    requests_per_minute: int = _limit(60, 1, 100_000, "API requests a minute and client")
    concurrency: int = _limit(2, 1, 64, "API requests at the same time")
    waiting: int = _limit(32, 1, 1_000, "API requests that may wait")
    faces: int = _limit(64, 1, 1_000, "faces answered in a picture")

    def __post_init__(self) -> None:
        for item in fields(self):
            value, (lowest, highest) = getattr(self, item.name), (item.metadata["lowest"], item.metadata["highest"])
            if not (isinstance(value, int) and lowest <= value <= highest):
                raise UsageError(
                    f"Expected {PREFIX}{item.name.upper()} ({item.metadata['words']}) as a whole number from "
                    f"{lowest} to {highest}, got {value}; choose another."
                )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the defaults with what the environment says instead.

        Raises:
            UsageError: a value is no whole number, or out of range.
        """
        given: dict[str, int] = {}
        for item in fields(cls):
            text = environment.get(f"{PREFIX}{item.name.upper()}")
            if text is None:
                continue
            try:
                given[item.name] = int(text)
            except ValueError as error:
                raise UsageError(
                    f"Expected {PREFIX}{item.name.upper()} ({item.metadata['words']}) as a whole number, got "
                    f"'{text}'; choose one."
                ) from error
        return cls(**given)

    @property
    def body_bytes(self) -> int:
        """The largest request body that any route takes: an upload, or a frame in base64, with what stands around."""
        return max(self.upload_megabytes * 2**20, self.frame_kilobytes * 1_000 * 4 // 3) + 64 * 1024
