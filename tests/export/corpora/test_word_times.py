from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora import packed, word_times
from export.corpora.utterance import Utterance, Word
from export.corpus import CorpusError, default_cache

SHARED = Path(__file__).parents[4] / "shared/corpus/librispeech.tsv"


def clips(save, root, count=3, text="yes"):
    return [Utterance(save(root / f"{i}.wav", loud=(0.1 + i / 100, 0.4)), "", text) for i in range(count)]


def test_a_clip_of_one_word_or_phrase_is_cut_where_it_is_loud(tmp_path, save):
    (word,) = word_times.with_times(clips(save, tmp_path, 1), "any", tmp_path)
    (phrase,) = word_times.with_times(clips(save, tmp_path, 1, "view glass"), "folders", tmp_path)

    assert word.words == (Word("yes", 0.1, 0.4),)
    assert phrase.words == (Word("view glass", 0.1, 0.4),)


def test_words_that_the_corpus_times_are_kept_and_recordings_without_text_are_left_out(tmp_path, save):
    timed, silent, plain = clips(save, tmp_path)
    timed = replace(timed, words=(Word("yes", 0.0, 0.3),))
    found = word_times.with_times([timed, replace(silent, text=""), plain], "any", tmp_path)

    assert [u.path for u in found] == [timed.path, plain.path]
    assert found[0] == timed


def test_what_was_found_is_not_sought_again_even_if_the_last_line_was_cut_short(tmp_path, save, monkeypatch):
    given, sought, words = clips(save, tmp_path), [], word_times._words
    monkeypatch.setattr(word_times, "_words", lambda u, alone: sought.append(u.path.name) or words(u, alone))
    first = word_times.with_times(given[:2], "any", tmp_path)
    table = tmp_path / "align/any.jsonl"
    table.write_text(table.read_text()[:-5])
    whole = word_times.with_times(given, "any", tmp_path)

    assert whole[:2] == first
    assert len(whole) == 3
    assert sought == ["0.wav", "1.wav", "1.wav", "2.wav"]
    assert word_times.with_times(given, "any", tmp_path) == whole
    assert len(sought) == 4


def test_an_interruption_keeps_the_blocks_that_were_finished(tmp_path, save, monkeypatch):
    given, words = clips(save, tmp_path, 5), word_times._words

    def interrupted(utterance, alone):
        if utterance.path.name == "4.wav":
            raise KeyboardInterrupt
        return words(utterance, alone)

    monkeypatch.setattr(word_times, "BLOCK", 2)
    monkeypatch.setattr(word_times, "_words", interrupted)
    with pytest.raises(KeyboardInterrupt):
        word_times.with_times(given, "any", tmp_path, workers=1)
    kept = (tmp_path / "align/any.jsonl").read_text()

    assert all(f"{i}.wav" in kept for i in range(4))
    assert "4.wav" not in kept


def test_several_processes_find_what_one_finds(tmp_path, save):
    given = clips(save, tmp_path / "clips", word_times.BLOCK + 6)
    found = word_times.with_times(given, "any", tmp_path / "two", workers=2)

    assert len(found) == len(given)
    assert found == word_times.with_times(given, "any", tmp_path / "one", workers=1)


def test_a_limit_takes_recordings_spread_evenly_over_all(tmp_path, save):
    found = word_times.with_times(clips(save, tmp_path, 6), "any", tmp_path, limit=3)

    assert [u.path.name for u in found] == ["0.wav", "2.wav", "4.wav"]


def test_a_recording_that_cannot_be_decoded_or_is_silent_is_left_out(tmp_path, save):
    broken, silent, whole = clips(save, tmp_path)
    broken.path.write_text("nothing")
    save(silent.path, seconds=0.0, loud=(0, 0))

    assert [u.path for u in word_times.with_times([broken, silent, whole], "any", tmp_path)] == [whole.path]


def test_a_missing_recording_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.wav cannot be read"):
        word_times.with_times([Utterance(tmp_path / "gone.wav", "", "yes")], "any", tmp_path)


def test_a_table_that_cannot_be_written_is_said_in_a_sentence(tmp_path, save):
    (tmp_path / "align").touch()

    with pytest.raises(CorpusError, match=r"any\.jsonl cannot be written"):
        word_times.with_times(clips(save, tmp_path, 1), "any", tmp_path)


def test_sentences_of_packed_corpora_are_taken_from_the_tables_of_the_trainer(tmp_path, save):
    (tmp_path / "align").mkdir()
    rows = "0.wav\they\t0.10\tHH:0.05 EY:0.10\n0.wav\tsnips\t0.25\tS:0.10\n"
    (tmp_path / "align/mine-dev.tsv").write_text("path\tword\tstart\tphones\n" + rows)
    given = [replace(u, split="dev") for u in clips(save, tmp_path / "corpus/mine", 2, "hey snips")]
    found = word_times.with_times(given, "any", tmp_path)

    assert [u.path.name for u in found] == ["0.wav"]
    assert found[0].words == (Word("hey", 0.1, 0.25), Word("snips", 0.25, 0.35))


def test_the_words_of_a_sentence_are_aligned_and_one_with_digits_or_of_another_alphabet_is_left_out(
    tmp_path, recordings
):
    pytest.importorskip("pocketsphinx", reason="alignment needs pocketsphinx: pip install 'kwsd[train]'")
    texts = ("hey snips", "hey 5 snips", "hé snips")
    given = [Utterance(path, "", text) for path, text in zip(recordings, texts, strict=False)]
    (found,) = word_times.with_times(given, "any", tmp_path)

    assert [word.text for word in found.words] == ["hey", "snips"]
    assert 0 <= found.words[0].start < found.words[1].start < found.words[1].end


def test_real_sentences_are_aligned_in_order_within_the_recording(tmp_path):
    pytest.importorskip("pocketsphinx", reason="alignment needs pocketsphinx: pip install 'kwsd[train]'")
    if not SHARED.exists():
        pytest.skip("the shared corpora are not beside the project")
    if not (default_cache() / "corpus/librispeech/.complete").exists():
        pytest.skip("the shared LibriSpeech is not unpacked")
    known = {u.path: u for u in packed.read(SHARED, default_cache()) if u.split == "dev"}
    chosen = [u for u in known.values() if u.path.name in ("1688-142285-0001.opus", "1688-142285-0003.opus")]
    found = word_times.with_times(chosen, "librispeech", tmp_path)

    assert found
    for utterance in found:
        assert " ".join(word.text for word in utterance.words) == utterance.text
        assert all(word.start < word.end <= utterance.seconds + 0.05 for word in utterance.words)
