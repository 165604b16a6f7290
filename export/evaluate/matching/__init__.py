"""Queries and templates matched with recordings: whole recordings, words of an utterance, wake words in a stream."""
