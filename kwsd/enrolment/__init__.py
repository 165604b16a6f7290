"""Enrolment: recordings to a keyword with a learned threshold, its expected miss rate and false alarms per hour."""
