import pytest

pytest.importorskip("export.corpus", reason="the trainer is not beside the tests")

from export.corpora import class_folders
from export.corpus import CorpusError


def test_recordings_are_labelled_by_their_folders_and_speakers_come_from_file_names(tmp_path, save):
    for path in ("View_Glass/anna_1.wav", "View_Glass/2.flac", "lights/bob_x_1.ogg", "_noise/tap.wav"):
        save(tmp_path / path)
    (tmp_path / "lights/notes.txt").touch()
    found = [(u.text, u.speaker, u.path.name, round(u.seconds, 2)) for u in class_folders.read(tmp_path)]

    assert found == [
        ("view glass", "", "2.flac", 0.5),
        ("view glass", "anna", "anna_1.wav", 0.5),
        ("lights", "bob", "bob_x_1.ogg", 0.5),
    ]


def test_a_folder_without_folders_of_recordings_is_said_in_a_sentence(tmp_path, save):
    save(tmp_path / "one.wav")

    with pytest.raises(CorpusError, match="holds no folders of recordings: make one for each class"):
        class_folders.read(tmp_path)


def test_a_recording_that_cannot_be_decoded_is_named(tmp_path):
    (tmp_path / "lights").mkdir()
    (tmp_path / "lights/a.wav").write_text("nothing")

    with pytest.raises(CorpusError, match=r"lights/a\.wav cannot be read"):
        class_folders.read(tmp_path)
