"""Built-in faces: expressive pictures drawn from parameters, whose label, regions and evidence are known exactly."""

from engine.data.synthetic.cue import plant_cue
from engine.data.synthetic.face import (
    FaceParameters,
    SyntheticFace,
    draw,
    draw_expression,
    draw_face,
    draw_image,
    sample_parameters,
)
from engine.data.synthetic.units import PROTOTYPES, REGIONS, UNITS, Expression, prototype, regions_of

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
