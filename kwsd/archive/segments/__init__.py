"""Segments: the parts of an index that never change, the manifest that names them, and reading them."""
