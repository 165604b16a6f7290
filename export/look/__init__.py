"""Trains the network by which a second look compares phrases."""
