"""Indexing: recordings and live streams to segments; segments joined, dropped and kept in line with files."""
