import numpy as np
import pytest

from dashboard.views.explain.figures.gates import cell_text, class_matrix
from engine.trust.sanity import ClassSensitivity


def made() -> ClassSensitivity:
    """Two maps that agree by .625, and a constant one."""
    nan = np.nan
    values = np.array([[1.0, 0.625, nan], [0.625, 1.0, nan], [nan, nan, nan]], np.float32)
    return ClassSensitivity("gradcam", "block4", ("happy", "<sad>", "fear"), values)


def test_a_cell_a_pair_on_a_scale_with_grey_at_zero() -> None:
    figure = class_matrix(made())
    (drawn,) = figure.data
    assert [list(row) for row in drawn.z] == [[None, 0.625, None], [0.625, None, None], [None, None, None]]
    assert (drawn.zmin, drawn.zmax) == (-1.0, 1.0)
    place, middle = drawn.colorscale[len(drawn.colorscale) // 2]
    assert place == pytest.approx(0.5, abs=0.01)
    assert np.ptp(list(bytes.fromhex(middle.lstrip("#")))) <= 2  # grey
    assert list(drawn.x) == list(drawn.y) == ["happy", "&lt;sad&gt;", "fear"]  # Plotly reads tags
    assert figure.layout.yaxis.autorange == "reversed"  # the first class is on top


def test_the_hover_says_the_pair_or_why_there_is_no_figure() -> None:
    (drawn,) = class_matrix(made()).data
    assert drawn.hovertext[0][1] == "happy and &lt;sad&gt;: rank correlation +.625"
    assert drawn.hovertext[0][2] == "happy and fear: one of both maps is constant and has no ranks"
    assert drawn.hovertext[0][0] == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.625, "+.62"), (-0.1, "−.10"), (1.0, "+1.00"), (0.001, ".00"), (float("nan"), "")]
)
def test_a_cells_text(value: float, text: str) -> None:
    assert cell_text(value) == text


def test_the_record_is_not_changed() -> None:
    found = made()
    class_matrix(found)
    assert found.correlation[0, 0] == 1.0
