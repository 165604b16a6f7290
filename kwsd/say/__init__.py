"""Synthetic voices that say a phrase, so that it can be enrolled or searched for by typing it."""
