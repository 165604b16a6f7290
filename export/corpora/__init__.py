"""Readers of public corpora of speech and melodies, one module a corpus; all return `utterance.Utterance`."""
