import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.recipe import Phase, Recipe
from export.schedule import Place, Schedule

RECIPE = Recipe(phases=tuple(Phase(steps, 1e-3, 0.5, (0, 20)) for steps in (10, 20, 60, 20)))


def test_steps_are_counted_through_the_phases():
    schedule = Schedule(RECIPE)

    assert schedule.at(0) == Place(0, 0.0)
    assert schedule.at(20) == Place(1, 0.5)
    assert schedule.at(109) == Place(3, 0.95)
    assert schedule.at(110).phase == 4


def test_a_run_that_goes_on_from_a_model_leaves_out_the_first_two_phases():
    assert Schedule(RECIPE.onward()).at(30) == Place(0, 0.5)


def test_by_the_clock_the_phases_take_their_share_of_the_minutes():
    seconds = iter([0.0, 30 * 60.0, 70 * 60.0, 80 * 60.0])
    schedule = Schedule(RECIPE.onward(), minutes=80, clock=lambda: next(seconds))

    assert schedule.at(1_000_000) == Place(0, 0.5)
    assert schedule.at(0) == Place(1, 0.5)
    assert schedule.at(0).phase == 2


def test_minutes_spent_before_an_interruption_count():
    assert Schedule(RECIPE, minutes=10, spent=4, clock=lambda: 0.0).spent == pytest.approx(4)
