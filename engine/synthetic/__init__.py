"""Built-in faces: expressive pictures drawn from parameters, whose label, regions and evidence are known exactly."""

from engine.synthetic.camera import plant_cue
from engine.synthetic.face import (
    FaceParameters,
    SyntheticFace,
    draw,
    draw_expression,
    draw_face,
    draw_image,
    sample_parameters,
)
from engine.synthetic.units import PROTOTYPES, REGIONS, UNITS, Expression, prototype, regions_of

__all__ = [
    "PROTOTYPES",
    "REGIONS",
    "UNITS",
    "Expression",
    "FaceParameters",
    "SyntheticFace",
    "draw",
    "draw_expression",
    "draw_face",
    "draw_image",
    "plant_cue",
    "prototype",
    "regions_of",
    "sample_parameters",
]
