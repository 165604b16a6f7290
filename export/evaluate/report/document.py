"""Results to a document: `docs/papers.md` and its pictures in `docs/papers/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from export.evaluate.errors import EvaluationError
from export.evaluate.published import PAPER_FILE, Figure, Key, read
from export.evaluate.report import claims, figures, training_runs
from export.evaluate.report.tables import entries, tables
from export.evaluate.results import Result, Results
from export.systems.registry import TITLES

# The tasks in the order of the document: a heading, what is measured, and how to read the table.
TASKS = {
    "speech-search": (
        "Speech search",
        "A spoken word is the query; the same word by other speakers is to be found among all others. MRR is the mean\n"
        "of 1 / rank of the first that says the same (Wav2Tok, eq. 22). The paper searches TIMIT, whose sentences\n"
        "many people read, and divides the recordings of each keyword 1414 : 188 : 567 into those trained, validated\n"
        "and tested with: its keywords are trained on. Ours are words of free prose by speakers of whom nothing is\n"
        "trained.",
    ),
    "token-contents": (
        "What the tokens say",
        "Of the frames of the words above: how much of what there is to know of the phone that is spoken, and of the\n"
        "eighth of the word in which it stands, is known with the token (mutual information over entropy).",
    ),
    "query-by-humming": (
        "Query by humming",
        "A hummed melody is the query, stretched in time, shifted in pitch, both or neither; other singers'\n"
        "recordings are the database. The paper's hums are people's (MIR-QBSH: 48 songs, some ninety recordings of\n"
        "each). Ours are synthetic: 48 melodies that many know and 24 composed at random, by 12 voices each. None\n"
        "of them is trained on: the systems learn from 400 other melodies by 2,400 other voices. The rows that name\n"
        "L_SK, the loss of spherical k-means, are its table 3; we take its other tables to be without that loss.",
    ),
    "humming-voices": (
        "Query by humming among more voices",
        "The 48 known melodies and their queries, unchanged, where more and more voices hum each melody: the more of\n"
        "them, the nearer is somebody to the key of the query. MIR-QBSH has some ninety recordings of each song. The\n"
        "last two systems know the true pitch of the synthetic voices: one its pitch class, the other its distance\n"
        "from the median pitch of the hum, so that no key is left in it.",
    ),
    "keyword-spotting": (
        "Keyword spotting",
        "Utterances are joined from single words, six to ten of them one keyword. The keyword's recording slides over\n"
        "them (Wav2Tok, eq. 19), its threshold learned on other utterances (appendix C); beside it F1 at the best\n"
        "one. The paper joins words of TIMIT: 564 utterances, 273 of them for the threshold, of 60 or of 80 other\n"
        "words, for which it prints one table. Accuracy is not the same measure: a detector that says nothing is\n"
        "right about nine words in ten here, and the paper's accuracy equals its recall.",
    ),
    "spoken-terms": (
        "Spoken-term detection",
        "A spoken word is searched in an archive that is cut into overlapping segments, by H-QuEST and by the methods\n"
        "that it is compared with. The paper's tokens are 51 clusters of what the last layer of a large pretrained\n"
        "Wav2Vec 2.0 says. Its segments of 0.8, 1 and 1.2 s are of TIMIT; its three test sets of LibriSpeech hold 30\n"
        "queries and 1,500 pairs of a query and a segment each, so that a query ranks some 50 segments and not an\n"
        "archive.",
    ),
    "term-tokens": (
        "What H-QuEST loses where",
        "Steps from DTW over the vectors of kwsd's own tokenizer to H-QuEST with its tokens. DTW over tokens has each\n"
        'vector replaced by the centroid of its token; "aligned" is Smith-Waterman with every segment, without a\n'
        "shortlist. The codebooks are fitted to the background speech that kwsd ships. A query is cut out and encoded\n"
        "alone, or has the frames of the word where its sentence is encoded.",
    ),
    "wake-word": (
        "Wake words from three recordings",
        "Each speaker enrols words with three recordings; a further one is missed if the word is not found in it. The\n"
        "paper's words are Hey Snips: one phrase, 40 speakers, 20,543 negatives; the rate of false alarms at which\n"
        "its recordings are missed is not in the table.",
    ),
    "query-time": (
        "Query time",
        "The median time of a query against an archive of a number of utterances, without encoding.",
    ),
}
PICTURES = {"speech-search": "speech-search.png", "query-time": "query-time.png"}
TOKENIZATIONS = "tokenizations.png"
CURVES = "learning-curves.svg"

INTRODUCTION = """\
# The papers' comparisons, measured again

Two papers are reproduced: Wav2Tok (Banerjee & Arora, ICLR 2023) and H-QuEST (Singh, Chen & Arora, Interspeech 2025).
Every system that they compare was written from the papers' equations, trained on the same recordings, and measured by
the same code on each of their tasks (`export/systems`, `export/evaluate`). "kwsd's own" is the tokenizer that kwsd
ships, which was trained otherwise and on more ([training.md](training.md)).

This file is generated. Every figure outside the column "paper" is ours, from the files of measurements that these
commands write; what is there already is not measured again:

    python -m export.evaluate all
    python -m export.evaluate report

`report --pack` puts all measurements of the folder `results` into one file, `results.jsonl`. Those that this file shows
are kept in `docs/papers/measured`, with the logs of the runs: copied to `results`, they are not measured again either.

    python -m export.evaluate report --results docs/papers/measured --runs docs/papers/measured/runs

A figure's 95 % interval stands in brackets, by a bootstrap over words, melodies or speakers. Times are CPU time of
matching alone.

## What differs from the papers

- **The data.** Each table says what it was measured on; where that is not the papers' corpus, figures can be compared
  within a table, and with the papers only in their ranking. With the papers' corpora at hand, measure into folders of
  their own, since results and trained systems of other data are not told apart by their names:

      python -m export.evaluate speech-search --corpus timit=/data/TIMIT --runs runs-timit --out results-timit
      python -m export.evaluate query-by-humming --corpus mir-qbsh=/data/MIR-QBSH --runs runs-qbsh --out results-qbsh
      python -m export.evaluate wake-word --corpus hey-snips=/data/hey_snips --runs runs-snips --out results-snips
      python -m export.evaluate report --results results-timit --docs /tmp/timit

- **The version of Wav2Tok.** TokA and TokB are its approaches A and B (eq. 3-12). The abstract of the version of ICLR
  2023 also names a CTC loss, which is none of those equations and was not built.
- **What the papers leave open** was decided as the docstring beside each decision says.
"""
AVAILABLE = """\
- **The papers' figures** in the column "paper" are those of `{file}`, in the order of ours, with "-" where the
  paper has none. Rows without figures of ours are what only a paper measured.
"""
UNAVAILABLE = """\
- **The papers' figures.** Their printed tables were not available to us when this file was generated, so the column
  "paper" shows "-". Write them into `export/evaluate/paper.toml` as `export/evaluate/published.py` says, and generate
  this file again.
"""


def write(folder: Path, docs: Path, paper: Path = PAPER_FILE, runs: Path | None = None) -> Path:
    """Write the document and its pictures below `docs`; returns the document's path. Quick results are never shown.

    How the systems were trained is shown if their folder, `runs`, is named.

    Raises:
        EvaluationError: there are no results, the papers' figures cannot be read, or the document cannot be written.
        ConfigError: matplotlib is missing.
    """
    results = measured(folder)
    published = read(paper, TASKS, TITLES)
    path = docs / "papers.md"
    part = path.with_suffix(".part")
    try:
        docs.mkdir(parents=True, exist_ok=True)
        pictures = _pictures(results, docs / "papers")
        trained = training_runs.rendered(runs) if runs else ""
        if runs and figures.learning_curves(training_runs.logged(runs), docs / "papers" / CURVES):
            trained += f"\n![Learning curves](papers/{CURVES})\n"
        part.write_text(rendered(results, published, pictures, paper, trained))
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise EvaluationError(f"{path} cannot be written ({error}): name another folder with --docs") from error
    return path


def measured(folder: Path) -> list[Result]:
    """The results of a folder, without quick ones.

    Raises:
        EvaluationError: there are none.
    """
    found = list(Results(folder)) if folder.is_dir() else []
    results = [result for result in found if not result.quick]
    if not results:
        only = "only results of --quick runs, which are not reported" if found else "no results"
        raise EvaluationError(f"{folder} holds {only}: run `python -m export.evaluate all` first, or name --results")
    return results


def rendered(
    results: Sequence[Result],
    published: Mapping[Key, Figure],
    pictures: Iterable[str] = (),
    paper: Path = PAPER_FILE,
    trained: str = "",
) -> str:
    """The whole document in Markdown; pictures are names of files in `papers/` beside it."""
    drawn = set(pictures)
    said = AVAILABLE.format(file=paper.name) if published else UNAVAILABLE
    parts = [INTRODUCTION + said, "## What the papers claim and what we measured\n", CLAIMED, claims.rendered(results)]
    parts += ["## Training\n", TRAINED, trained] if trained else []
    for task, (heading, text) in TASKS.items():
        rows = entries(task, results, published)
        parts += [f"## {heading}\n", f"{text}\n", f"    python -m export.evaluate {task}\n"]
        parts += list(tables(task, rows)) or ["Not measured.\n"]
        parts += [f"![{heading}](papers/{name})\n" for name in [PICTURES.get(task)] if name in drawn]
    if TOKENIZATIONS in drawn:
        parts += ["## Tokenizations\n", f"{TOKENS}\n", f"![Tokenizations](papers/{TOKENIZATIONS})\n"]
    return "\n".join(parts)


CLAIMED = """\
A claim holds if our figure is the better one, whether or not the intervals overlap, and against every rival that it
names; "does not sacrifice accuracy" holds if our figure is no lower or the intervals overlap, "substantially" faster is
twice as fast. Other systems and matchings are in the tables below.
"""
TRAINED = """\
Every system that learns was trained by the same loop, on the same words or hums, with BiLSTMs of 64 units a layer and
direction, where the paper's have 304; Transformers are as large as the paper's. Wav2Vec 2.0 and Wav2Vec-Tok get a tenth
of the steps, which last ten times as long; MIPS and TokB + batch negatives get six times as many on words, where they
go on gaining, which Triplet and TokB do not. Triplet, MIPS and TokB + batch negatives learn from pairs of single words,
the others from pairs of six words said one after another: the tokens of a single word can be told apart just by where
in it they stand. TokB + batch negatives is not in the paper: a token is told from those of every recording of the
batch, and not only from those of the other recording of its pair. Some speakers, or other melodies by other voices,
were held out; now and then it was judged how well these recordings find each other (MRR by DTW over vectors, or the
mean of it and of that by edit distance over compressed tokens where these are learned), and the system was kept as it
was at its best step. The tables below are of that step. A run ends when its steps are used up or it was long no better.
What was tried is in [papers-training.md](papers-training.md).
"""
TOKENS = """\
One word as two speakers say it, and the runs of tokens that systems make of it (as in appendix A of Wav2Tok)."""


def _pictures(results: Sequence[Result], folder: Path) -> list[str]:
    """Draw what the results allow; the names of all pictures that are there for the document."""
    drawn = {
        PICTURES["speech-search"]: figures.speech_search(results, folder / PICTURES["speech-search"]),
        PICTURES["query-time"]: figures.query_time(results, folder / PICTURES["query-time"]),
        TOKENIZATIONS: (folder / TOKENIZATIONS).exists(),
    }
    return [name for name, there in drawn.items() if there]
