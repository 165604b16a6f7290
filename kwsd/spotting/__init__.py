"""Spotting: frames against keywords to a score track and to detections, for a stream, a file or many files."""
