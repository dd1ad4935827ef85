"""A film for Chromium's fake camera: raw MJPEG, which is JPEG after JPEG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 640, 480


def write_camera_film(picture: Path, film: Path, *, frames: int = 40) -> Path:
    """Write a picture that sways gently, as the head before a camera does; the last frame leads on to the first."""
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    scale = min(WIDTH / pixels.shape[1], HEIGHT / pixels.shape[0])
    with film.open("wb") as file:
        for index in range(frames):
            turn = 2 * np.pi * index / frames
            left = (WIDTH - scale * pixels.shape[1]) / 2 + 10 * np.sin(turn)
            top = (HEIGHT - scale * pixels.shape[0]) / 2 + 4 * np.sin(2 * turn)
            placing = np.array([[scale, 0, left], [0, scale, top]])
            frame = cv2.warpAffine(pixels, placing, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
            _, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
            file.write(data.tobytes())
    return film
