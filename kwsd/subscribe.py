"""The names of `kwsd.events.subscriber`, at the place where the documentation has had them since version 0.1."""

from kwsd.events.subscriber import EVERYTHING, Subscription, describe, subscribe

__all__ = ["EVERYTHING", "Subscription", "describe", "subscribe"]
