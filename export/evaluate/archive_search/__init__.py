"""Search of spoken terms in an archive of overlapping segments, by H-QuEST and by the methods beside it."""
