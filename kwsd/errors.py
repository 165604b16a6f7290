"""What can go wrong, as types. Each message is one sentence: what was wrong, and what to do."""


class KwsdError(Exception):
    """Base of every error that kwsd raises on purpose; the command line prints it and exits with status 2."""


class AudioError(KwsdError):
    """A recording or an audio stream cannot be used."""


class NoRecordingsError(AudioError):
    """A folder holds no recordings."""


class DeviceError(AudioError):
    """A microphone or PortAudio itself is missing or will not open."""


class ModelError(KwsdError):
    """The model file is missing, is not a kwsd tokenizer, or is not the one that a keyword was made with."""


class KeywordError(KwsdError):
    """A keyword's name, recordings or settings cannot be used."""


class StoreError(KwsdError):
    """The keyword store or one file of it cannot be read or written."""


class ConfigError(KwsdError):
    """A setting is unknown or out of range."""


class EndpointError(KwsdError):
    """A ZeroMQ endpoint cannot be bound or connected to."""


class ArchiveError(KwsdError):
    """An archive index cannot be read or written, or a query cannot be searched for."""
