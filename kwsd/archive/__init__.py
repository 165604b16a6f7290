"""An archive of speech that can be searched by example."""

from kwsd.archive.archive import Archive
from kwsd.archive.hit import Hit
from kwsd.archive.manifest import Settings
from kwsd.archive.query import Query
from kwsd.archive.updating import Report

__all__ = ["Archive", "Hit", "Query", "Report", "Settings"]
