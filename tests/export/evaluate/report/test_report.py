import sys
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kwsd[train]'")
pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

import soundfile as sf  # noqa: E402  after the skip

from export.corpora.utterance import Excerpt, Utterance  # noqa: E402
from export.evaluate.errors import EvaluationError  # noqa: E402
from export.evaluate.experiment import Experiment  # noqa: E402
from export.evaluate.published import PAPER_FILE, read  # noqa: E402
from export.evaluate.report import claims, document, figures  # noqa: E402
from export.evaluate.results import Result, Results, Value  # noqa: E402
from export.systems.registry import TITLES  # noqa: E402
from export.systems.system import Encoded  # noqa: E402


def made(task, system, setting, quick=False, data="200 words of the moon", **values):
    given = {name.replace("_at_", "@"): Value(*np.atleast_1d(value).tolist()) for name, value in values.items()}
    return Result(task, system, setting, given, data, 1234, 5, 90.0, quick)


def search(system, matching, mrr, **more):
    return made("speech-search", system, {"matching": matching}, mrr=mrr, **more)


def humming(system, matching, mrr):
    return made("query-by-humming", system, {"k": 25, "change": "both", "matching": matching}, mrr=mrr)


def terms(method, map_):
    return made("spoken-terms", "kwsd", {"method": method, "segment": 1.0}, map=map_)


def timed(method, utterances, seconds, system="tokb"):
    return made("query-time", system, {"method": method, "utterances": utterances}, seconds=seconds)


def kept(folder, *results):
    for result in results:
        Results(folder).write(result)
    return folder


def judged(key, *results):
    return {claim.key: claim.verdict(results) for claim in claims.claims(results)}[key]


def test_a_table_shows_figures_with_their_intervals_in_the_order_of_the_systems(tmp_path):
    tokb = search("tokb", "edit", (0.8124, 0.79, 0.834), p_at_1=(0.75, 0.7, 0.8))
    folder = kept(tmp_path, search("stft", "dtw", (0.3, 0.2, 0.4)), tokb)
    path = document.write(folder, tmp_path / "docs", tmp_path / "no-paper.toml")
    text = path.read_text()

    assert "| system | dtw | edit | paper |\n| --- | --- | --- | --- |\n| STFT | 0.300 [0.200, 0.400] | - | - |" in text
    assert "| TokB | - | 0.812 [0.790, 0.834] | - |" in text
    assert "| TokB | 75.0 [70.0, 80.0] | - |" in text
    assert "Data: 200 words of the moon. Queries: 1,234. Seed: 5. Measured in 3 min." in text


def test_rates_are_in_percent_and_times_in_milliseconds():
    setting = {"non_keywords": 60, "matching": "dtw"}
    spotting = made("keyword-spotting", "tokb", setting, f1=(0.5, 0.4, 0.6), f1_best=(1, 1, 1), seconds=0.01234)
    text = document.rendered([spotting], {})

    assert "**60 other words an utterance**" in text
    assert "| TokB | dtw | 50.0 [40.0, 60.0] | 100.0 [100.0, 100.0] | 12.3 | - |" in text


def test_settings_stand_by_size_and_in_their_own_order():
    columns = [timed("dtw", n, n / 1e6) for n in (1000, 100, 300)]
    text = document.rendered([*columns, humming("tokb", "edit", 0.5), humming("tokb", "dtw", 0.4)], {})

    assert "| system | method | 100 utterances | 300 utterances | 1000 utterances | paper |" in text
    assert "| TokB | dtw | 0.400 | - |\n| TokB | edit | 0.500 | - |" in text


def test_each_part_of_a_task_has_its_own_table():
    names = "dspspeech", "fsc"
    sets = [made("spoken-terms", "tokb", {"method": "dtw", "set": n}, map=0.25, p_at_3=0.111) for n in names]
    text = document.rendered([terms("dtw", 0.5), *sets], {})

    assert "**segments of 1.0 s**\n\n| system | method | MAP | paper |" in text
    assert "**MAP**\n\n| system | method | dspspeech | fsc | paper |" in text
    assert "11.1" not in text


def test_what_no_table_foresees_is_shown_all_the_same():
    text = document.rendered([made("speech-search", "tokb", {"codebook": "shuffled"}, purity=0.625)], {})

    assert "**shuffled**\n\n| system | purity | paper |\n| --- | --- | --- |\n| TokB | 0.625 | - |" in text


def test_rows_of_different_data_are_told_apart():
    text = document.rendered([search("stft", "dtw", 0.3), search("tokb", "dtw", 0.4, data="TIMIT")], {})

    assert "Data: 200 words of the moon (STFT); TIMIT (TokB)." in text


def test_a_task_that_was_not_measured_says_so():
    text = document.rendered([search("stft", "dtw", 0.3)], {})

    assert "## Query by humming" in text
    assert text.count("Not measured.") == len(document.TASKS) - 1


def test_quick_results_are_not_shown(tmp_path):
    folder = kept(tmp_path, search("stft", "dtw", 0.3), search("tokb", "dtw", 0.777, quick=True))

    assert "0.777" not in document.write(folder, tmp_path / "docs").read_text()


@pytest.mark.parametrize(
    ("results", "why"), [((), "no results"), ((search("tokb", "dtw", 0.7, quick=True),), "only results of --quick")]
)
def test_without_results_the_old_document_stays(tmp_path, results, why):
    (tmp_path / "papers.md").write_text("old")

    with pytest.raises(EvaluationError, match=why):
        document.write(kept(tmp_path / "results", *results), tmp_path)
    assert (tmp_path / "papers.md").read_text() == "old"


PAPER = """
[[figure]]
task = "speech-search"
system = "{system}"
setting = {{ matching = "edit" }}
metric = "mrr"
value = {value}
source = "A Paper, table 9"
"""


TABLE = """
[[table]]
source = "A Paper, table 9"
task = "query-by-humming"
common = { k = 25, metric = "mrr" }
columns = [{ change = "none" }, { change = "both" }]
rows = [{ system = "tokb", matching = "dtw", values = [0.8, 0.7] }]
"""


def test_a_papers_figure_stands_beside_ours_and_alone_where_ours_is_missing(tmp_path):
    paper = tmp_path / "paper.toml"
    paper.write_text(PAPER.format(system="tokb", value=0.9) + PAPER.format(system="mips", value=0.6))
    folder = kept(tmp_path / "results", search("tokb", "edit", 0.8), search("tokb", "dtw", 0.7))
    text = document.write(folder, tmp_path, paper).read_text()

    assert "| TokB | 0.700 | 0.800 | - / 0.900 |" in text
    assert "| MIPS | - | - | - / 0.600 |" in text
    assert "Paper: A Paper, table 9." in text
    assert "not available" not in text


def test_the_figures_of_a_papers_table_are_written_in_rows_and_columns(tmp_path):
    (tmp_path / "paper.toml").write_text(TABLE)
    found = read(tmp_path / "paper.toml", document.TASKS, ["tokb"])

    assert {key[2:]: figure.value for key, figure in found.items()} == {
        (frozenset({"k": 25, "matching": "dtw", "change": "none"}.items()), "mrr"): 0.8,
        (frozenset({"k": 25, "matching": "dtw", "change": "both"}.items()), "mrr"): 0.7,
    }


def test_every_figure_of_the_shipped_file_is_of_a_task_and_stands_in_a_table():
    published = read(PAPER_FILE, document.TASKS, TITLES)
    text = document.rendered([search("tokb", "dtw", 0.5)], published)

    assert len(published) == 396
    assert "| TokB | 0.500 | - | - | - | 0.735 / 0.710 / 0.610 / 0.540 |" in text
    assert "| the paper's own | hquest | - | - | - | 0.747 / 0.725 / 0.632 |" in text
    assert "| the paper's own | hquest | - | - | 6.3 / 6.2 |" in text


def test_without_the_papers_figures_the_document_says_so():
    text = document.rendered([search("tokb", "edit", 0.8)], {})

    assert "were not available to us" in text
    assert "| TokB | 0.800 | - |" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[figure", "cannot be read"),
        ("figure = 3", "cannot be read"),
        ("figure = [3]", "figure 1: it is no table"),
        (PAPER.format(system="tokc", value=1), "there is no system 'tokc'"),
        (PAPER.format(system="tokb", value='"high"'), "its value is 'high'"),
        (PAPER.format(system="tokb", value="nan"), "its value is nan"),
        (PAPER.format(system="tokb", value=1).replace("metric", "metrics"), "it has no metric"),
        (TABLE.replace("0.8, 0.7", "0.8"), "cannot be read"),
        (TABLE.replace('system = "tokb", ', ""), "cannot be read"),
    ],
)
def test_a_wrong_figure_of_a_paper_is_named(tmp_path, text, why):
    (tmp_path / "paper.toml").write_text(text)

    with pytest.raises(EvaluationError, match=why):
        read(tmp_path / "paper.toml", document.TASKS, ["tokb"])


def test_a_claim_holds_if_our_figure_is_the_better_one():
    verdict = judged("search-stft-dtw", search("tokb", "dtw", (0.8, 0.7, 0.9)), search("stft", "dtw", (0.5, 0.4, 0.6)))

    assert verdict.word == "holds"
    assert verdict.overlap == "no"
    assert verdict.ours == "TokB, dtw: 0.800 [0.700, 0.900]"
    assert verdict.rival == "STFT, dtw: 0.500 [0.400, 0.600]"


def test_intervals_that_overlap_are_told():
    results = search("tokb", "dtw", (0.6, 0.4, 0.7)), search("stft", "dtw", (0.5, 0.4, 0.6))

    assert judged("search-stft-dtw", *results).overlap == "yes"


@pytest.mark.parametrize("results", [(), (search("tokb", "dtw", 0.8),), (search("stft", "dtw", float("nan")),)])
def test_a_claim_of_which_a_side_is_missing_is_not_measured(results):
    assert judged("search-stft-dtw", *results).word == "not measured"


def test_every_rival_must_be_measured_and_beaten():
    tokb, stft, triplet, mips = (humming(s, "dtw", m) for s, m in zip(BASELINES, (0.8, 0.5, 0.4, 0.7), strict=True))
    better, worse = humming("wav2vec2", "dtw", 0.9), humming("wav2vec2", "dtw", 0.3)
    key = "humming-tokb-both-dtw"

    assert judged(key, tokb, stft, triplet, mips).word == "not measured"
    assert judged(key, tokb, stft, triplet, mips, worse).word == "holds"
    assert judged(key, tokb, stft, triplet, mips, worse).rival == "MIPS, dtw: 0.700"
    assert judged(key, tokb, better).word == "does not hold"


BASELINES = ("tokb", "stft", "triplet", "mips")


def test_compressed_sequences_are_to_be_the_faster_ones():
    slow, fast = (search("tokb", m, 0.5, seconds=s) for m, s in (("dtw", 0.2), ("edit, compressed", 0.01)))
    verdict = judged("compressed-tokens", slow, fast)

    assert (verdict.word, verdict.ours, verdict.overlap) == ("holds", "TokB, edit, compressed: 10 ms", "-")


def test_accuracy_is_not_sacrificed_where_intervals_overlap():
    dtw = terms("dtw", (0.5, 0.4, 0.6))

    assert judged("hquest-map-dtw", dtw, terms("hquest", (0.45, 0.35, 0.55))).word == "holds"
    assert judged("hquest-map-dtw", dtw, terms("hquest", (0.3, 0.25, 0.35))).word == "does not hold"


def test_hquest_is_to_beat_both_rankings_of_tokens_in_each_of_the_papers_test_sets():
    def own(method, map_):
        return made("spoken-terms", "kwsd", {"method": method, "part": 2}, map=map_)

    found = [own("hquest", 0.7), own("tf-idf", 0.6), own("inverted", 0.65), own("dtw", 0.8)]

    assert judged("own-tf-idf-2", *found).word == "holds"
    assert judged("own-tf-idf-2", *found).rival == "kwsd's own, inverted: 0.650"
    assert judged("own-dtw-2", *found).word == "does not hold"
    assert judged("own-dtw-1", *found).word == "not measured"


def test_retrieval_is_substantially_faster_from_twice_as_fast_on_at_the_largest_common_archive():
    small = timed("dtw", 100, 0.001), timed("hquest", 100, 0.002), timed("dtw", 1000, 9.0)
    large = timed("dtw", 300, 0.01), timed("hquest", 300, 0.004)

    assert judged("hquest-time-dtw", *small).word == "does not hold"
    assert judged("hquest-time-dtw", *small, *large).word == "holds"
    assert judged("hquest-time-dtw", timed("dtw", 300, 0.007), large[1]).word == "does not hold"


def test_a_claim_that_does_not_hold_says_why_or_that_nobody_knows():
    results = search("tokb", "dtw", 0.4), search("stft", "dtw", 0.5)

    assert "(TokB, dtw: 0.400; STFT, dtw: 0.500): no reason found yet" in claims.rendered(results, {})
    assert "STFT, dtw: 0.500): it was too loud" in claims.rendered(results, {"search-stft-dtw": "it was too loud"})
    assert "no reason" not in claims.rendered(results[:1], {})


def test_reasons_are_given_for_claims_that_there_are():
    assert set(claims.REASONS) <= {claim.key for claim in claims.claims([])}


def test_the_document_shows_the_pictures_that_can_be_drawn(tmp_path):
    one = document.write(kept(tmp_path / "a", search("tokb", "dtw", (0.5, 0.4, 0.6))), tmp_path).read_text()
    (tmp_path / "papers" / "tokenizations.png").write_bytes(b"")
    folder = kept(tmp_path / "a", timed("dtw", 100, 0.01), timed("dtw", 300, 0.03))
    text = document.write(folder, tmp_path).read_text()

    assert "(papers/speech-search.png)" in one
    assert "query-time.png" not in one
    assert "(papers/query-time.png)" in text
    assert "(papers/tokenizations.png)" in text
    assert 1000 < (tmp_path / "papers" / "query-time.png").stat().st_size < 150_000


def test_a_document_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "docs").write_text("a file")

    with pytest.raises(EvaluationError, match="cannot be written"):
        document.write(kept(tmp_path / "a", search("tokb", "dtw", 0.5)), tmp_path / "docs")


def spoken(folder, *said):
    """Words of 0.6 s, one a recording."""
    found = []
    for number, (word, speaker) in enumerate(said):
        path = folder / f"{number}.wav"
        sf.write(path, np.random.default_rng(number).normal(0, 0.1, 16_000), 16_000)
        found.append(Excerpt(word, Utterance(path, speaker, word), 0.2, 0.8))
    return found


def test_tokenizations_of_a_word_by_two_speakers_are_drawn(tmp_path, monkeypatch):
    heard = []

    class Encode:
        rate, seconds = 16_000, 0.02

        def __call__(self, recordings):
            heard.extend(len(r) for r in recordings)
            return [Encoded(np.zeros((28, 1), np.float32), np.repeat(np.arange(7), 4).astype(np.int32))] * 2

    words = spoken(tmp_path, ("once", "a"), ("moon", "a"), ("moon", "a"), ("moon", "b"))
    fakes = {"data.spoken_words": ModuleType("spoken_words"), "encoders": ModuleType("encoders")}
    fakes["data.spoken_words"].word_sets = lambda _: type("Sets", (), {"test": words})
    fakes["encoders"].audio_encoder = lambda *_: Encode()
    for name, module in fakes.items():
        monkeypatch.setitem(sys.modules, f"export.evaluate.{name}", module)
    experiment = Experiment(tmp_path, tmp_path, tmp_path, systems=("stft", "tokb"))
    figures.tokenizations(experiment, tmp_path / "papers" / "tokenizations.png")

    assert heard == [9600] * 4
    assert 1000 < (tmp_path / "papers" / "tokenizations.png").stat().st_size < 150_000


def test_a_word_to_draw_is_said_by_two_speakers(tmp_path):
    words = spoken(tmp_path, ("once", "a"), ("moon", "b"), ("moon", "a"))

    assert [(e.label, e.speaker) for e in figures.two_speakers(words, 1)] == [("moon", "a"), ("moon", "b")]
    with pytest.raises(EvaluationError, match="two speakers"):
        figures.two_speakers(words[:2], 1)
