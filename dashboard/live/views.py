"""The same live frame seen otherwise: by one of its models, or in a mirror."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from engine.live.frame import FaceMap, LiveFace, LiveFrame, ModelReading
from engine.records import AttentionGate, FaceBox, UInt8


def seen_by(live: LiveFrame, slot: int) -> LiveFrame:
    """Return the frame with the readings of one model alone; 0 is the main one."""
    return replace(live, faces=tuple(replace(face, readings=(face.readings[slot],)) for face in live.faces))


def mirrored(frame: UInt8, live: LiveFrame) -> tuple[UInt8, LiveFrame]:
    """Return frame (H, W, 3) uint8, boxes and maps with left and right exchanged.

    The models read the frame as it was taken; only what is shown is turned, before labels are written on it.
    """
    faces = tuple(_mirrored_face(face, live.width) for face in live.faces)
    # OpenCV's flip takes a tenth of the time of a copy with a negative stride.
    return np.asarray(cv2.flip(frame, 1), dtype=np.uint8), replace(live, faces=faces)


def _mirrored_face(face: LiveFace, width: int) -> LiveFace:
    box = face.box
    turned = FaceBox(width - box.x - box.width, box.y, box.width, box.height, box.score)
    return replace(face, box=turned, readings=tuple(_mirrored_reading(reading) for reading in face.readings))


def _mirrored_reading(reading: ModelReading) -> ModelReading:
    return reading if reading.face_map is None else replace(reading, face_map=_mirrored_map(reading.face_map))


def _mirrored_map(face_map: FaceMap) -> FaceMap:
    if isinstance(face_map, AttentionGate):
        return replace(face_map, weights=np.ascontiguousarray(face_map.weights[:, ::-1]))
    return replace(face_map, heatmap=np.ascontiguousarray(face_map.heatmap[:, ::-1]))
