import json
import sys
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpus import CorpusError  # noqa: E402  after the skip
from export.evaluate import encoders  # noqa: E402
from export.evaluate.__main__ import TASKS, main  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.results import Result, Results, Value  # noqa: E402
from export.systems.registry import CLASSES  # noqa: E402
from export.systems.system import TrainingError  # noqa: E402
from export.systems.training_pairs import Sample  # noqa: E402
from kwsd.errors import ModelError  # noqa: E402

OLD = Result("speech-search", "stft", {"matching": "dtw"}, {"mrr": Value(0.25, 0.2, 0.3)}, "old", 10, 5, 1.0)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder with a result of an earlier run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Results(tmp_path / "results").write(OLD)
    return tmp_path


@pytest.fixture
def tasks(monkeypatch):
    """Every task does what is put here by its name; those that ran, in order, with what they were given."""
    ran, does = [], {}
    for name, (module, _) in TASKS.items():
        fake = ModuleType(module)

        def run(experiment, name=name):
            ran.append((name, experiment))
            does.get(name, lambda _: None)(experiment)

        fake.run = run
        monkeypatch.setitem(sys.modules, f"export.evaluate.tasks.{module}", fake)
    return ran, does


def call(*args):
    """The exit status and standard error; what is no exit fails the test."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stderr


def raises(error):
    def run(_):
        raise error

    return run


def test_a_task_is_given_what_the_options_say(place, tasks):
    (place / "TIMIT").mkdir()
    options = "--models", "tokb,stft", "--corpus", "timit=TIMIT", "--runs", "r", "--out", "o", "--seed", 7
    status, _ = call("wake-word", *options)
    (name, experiment), *others = tasks[0]

    assert (status, name, others) == (0, "wake-word", [])
    assert experiment.systems == ("stft", "tokb")
    assert dict(experiment.corpora)["timit"].name == "TIMIT"
    assert (experiment.runs.name, experiment.out.name, experiment.seed, experiment.quick) == ("r", "o", 7, False)


def test_without_options_every_system_is_measured_on_the_shared_corpora(place, tasks):
    (place / "shared" / "corpus").mkdir(parents=True)
    table = place / "shared" / "corpus" / "librispeech.tsv"
    table.touch()
    call("speech-search", "--shared", place / "shared")
    experiment = tasks[0][0][1]

    assert experiment.systems == (*CLASSES, "kwsd")
    assert dict(experiment.corpora) == {"librispeech": table}
    assert experiment.out.name == "results"
    assert experiment.runs == place / "cache" / "kwsd" / "papers"


def test_quick_runs_keep_to_folders_of_their_own(tasks):
    call("speech-search", "--quick")
    experiment = tasks[0][0][1]

    assert (experiment.out.name, experiment.runs.name, experiment.quick) == ("results-quick", "papers-quick", True)


def test_a_system_is_trained_with_the_plan_that_options_say(monkeypatch, place):
    rng = np.random.default_rng(1)
    said = [
        Sample(f"word {w}", f"speaker {s}", rng.standard_normal((9, 257)).astype(np.float16))
        for w in range(4)
        for s in range(5)
    ]
    monkeypatch.setattr(encoders, "samples", lambda experiment, domain: said)
    plan = "--steps", 2, "--joined", 3, "--sequences", 2, "--rate", 0.002
    status, told = call("train", "toka", "--units", 4, "--tokens", 5, "--runs", place / "r", *plan)
    log = [json.loads(text) for text in (place / "r" / "speech-toka-5" / "log.jsonl").read_text().splitlines()]
    facts = torch.load(place / "r" / "speech-toka-5" / "checkpoint.pt", weights_only=False)["facts"]

    assert status == 0
    assert "best at step 2, where the held-out MRR is" in told
    assert [one["step"] for one in log] == [0, 2]
    assert {"dtw", "dimensions", "used", "near", "shared", "shared_by_chance"} <= set(log[0])
    assert (facts["shape"]["hidden"], facts["plan"]["joined"], facts["plan"]["rate"]) == (4, 3, 0.002)


def test_curves_of_a_folder_without_runs_are_refused_in_one_sentence(place):
    status, told = call("curves", place, place / "curves.svg")

    assert status == 2
    assert "holds no log of a run with K = 25" in told


def test_results_are_packed_with_the_document(place):
    status, _ = call("report", "--docs", place / "docs", "--runs", place, "--pack")

    assert status == 0
    assert [path.name for path in (place / "results").iterdir()] == ["results.jsonl"]
    assert list(Results(place / "results")) == [OLD]


def test_a_corpus_that_is_not_there_is_named_when_a_task_asks_for_it(tasks):
    tasks[1]["wake-word"] = lambda experiment: experiment.corpora["dspspeech"]
    status, said = call("wake-word", "--shared", "nowhere")

    assert status == 2
    assert "nowhere/corpus/dspspeech.tsv is not there" in said


def test_all_runs_every_task(tasks):
    assert call("all")[0] == 0
    assert [name for name, _ in tasks[0]] == list(TASKS)


def test_a_task_that_fails_does_not_stop_the_others(tasks):
    tasks[1]["query-by-humming"] = raises(EvaluationError("nobody\nhums"))
    status, said = call("all")

    assert status == 2
    assert [name for name, _ in tasks[0]] == list(TASKS)
    assert "query-by-humming: nobody hums\n" in said
    assert said.endswith("error: not all was measured: query-by-humming failed\n")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("sing",), 'no task "sing": choose from speech-search'),
        (("speech-search", "--models", "tokb,tokc"), 'no system "tokc": choose from stft'),
        (("speech-search", "--models", ","), "no system"),
        (("all", "--models", "tokc"), 'no system "tokc"'),
        (("speech-search", "--corpus", "timit=/no/TIMIT"), "/no/TIMIT is not there"),
        (("speech-search", "--corpus", "timit"), "is not NAME=PATH"),
        (("speech-search", "--corpus", "tmit=."), "no corpus is called tmit: name one of"),
        (("speech-search", "--seed", "-1"), "-1 is not in the range"),
        (("speech-search", "--loud"), "--loud"),
        (("speech-search", "--out", "results/a-file"), "cannot be made"),
        (("report", "--results", "nowhere"), "nowhere holds no results: run"),
        (("report", "--paper", "nowhere.toml"), "does not exist"),
        (("report", "--tokens-of", "tokc"), 'no system "tokc"'),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_touched(place, tasks, args, why):
    (place / "results" / "a-file").touch()
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    status, said = call(*args)

    assert status == 2
    assert said.startswith("error: ")
    assert why in said
    assert said.count("\n") == 1
    assert tasks[0] == []
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CorpusError("it is incomplete"), "it is incomplete"),
        (TrainingError("it cannot\nlearn"), "it cannot learn"),
        (EvaluationError("too few words"), "too few words"),
        (ModelError("no model"), "no model"),
        (OSError(28, "No space left on device", "/runs/tokb.pt"), "/runs/tokb.pt cannot be read or written (No space"),
        (ModuleNotFoundError("No module named 'usearch.index'", name="usearch.index"), "usearch is not installed: pip"),
    ],
)
def test_what_goes_wrong_in_a_task_is_one_line(place, tasks, error, why):
    tasks[1]["speech-search"] = raises(error)
    status, said = call("speech-search")

    assert status == 2
    assert said.startswith("error: " + why)
    assert said.count("\n") == 1
    assert list(Results(place / "results")) == [OLD]


def test_a_fault_of_the_program_keeps_its_traceback(tasks):
    tasks[1]["speech-search"] = raises(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        call("speech-search")


def test_an_interrupted_run_says_that_it_goes_on(tasks):
    tasks[1]["speech-search"] = raises(KeyboardInterrupt())
    status, said = call("all")

    assert status == 130
    assert said.split("\n")[-2] == "interrupted: run it again and it goes on"
    assert len(tasks[0]) == 1


def test_report_writes_what_was_measured(place):
    status, said = call("report", "--docs", place / "docs")

    assert status == 0
    assert "papers.md" in said
    assert "| STFT | 0.250 [0.200, 0.300] | - |" in (place / "docs" / "papers.md").read_text()


@pytest.mark.parametrize("args", [(), ("--help",)])
def test_help_names_every_task_in_order(args):
    result = CliRunner().invoke(main, args)
    places = [result.stdout.index(f"\n  {name} ") for name in (*TASKS, "all", "report")]

    assert result.exit_code == 0
    assert places == sorted(places)
