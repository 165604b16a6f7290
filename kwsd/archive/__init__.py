"""An archive of speech that can be searched by example."""

from kwsd.archive.archive import Archive, query_for, search_all
from kwsd.archive.discovery.group import Group
from kwsd.archive.indexing.update import Report
from kwsd.archive.search.feedback import Feedback
from kwsd.archive.search.hit import Hit
from kwsd.archive.search.query import Query
from kwsd.archive.segments.manifest import Settings

__all__ = ["Archive", "Feedback", "Group", "Hit", "Query", "Report", "Settings", "query_for", "search_all"]
