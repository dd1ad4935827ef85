from dashboard.shared.target import CONTRAST, refused, settle


def test_what_a_choice_means_for_a_picture() -> None:
    assert settle("predicted", "", "happy", None) == ("happy", "")
    assert settle("true", "", "happy", "sad") == ("sad", "")
    assert settle(CONTRAST, "fear", "happy", "sad") == ("happy", "sad")
    assert settle("angry", "sad", "happy", None) == ("angry", "sad")
    assert "both are sad; showing sad alone" in refused("sad")
