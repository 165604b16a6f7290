"""The exceptions of kwsd. Each message is one sentence: what was wrong, and what to do."""


class KwsdError(Exception):
    """Base of all exceptions of kwsd; the command line prints the message and exits with status 2."""


class AudioError(KwsdError):
    """A recording or an audio stream cannot be used."""


class NoRecordingsError(AudioError):
    """A folder holds no recordings."""


class DeviceError(AudioError):
    """A microphone or PortAudio is missing or cannot be opened."""


class DriverStuckError(DeviceError):
    """The sound driver does not return from a call: only a new process can use it."""


class ModelError(KwsdError):
    """The model file is missing or not a kwsd tokenizer, or a keyword or bank was made with another model."""


class KeywordError(KwsdError):
    """A keyword's name, recordings or settings cannot be used."""


class StoreError(KwsdError):
    """The keyword store or a keyword file cannot be read or written."""


class ConfigError(KwsdError):
    """A setting is unknown or has a value that is not allowed."""


class EndpointError(KwsdError):
    """A ZeroMQ endpoint cannot be bound or connected to."""


class ServiceError(KwsdError):
    """The service of systemd cannot be installed, removed or asked."""


class ArchiveError(KwsdError):
    """An archive index cannot be read or written, or a query cannot be searched for."""


class SayError(KwsdError):
    """No voice speaks the language, or one cannot say the text."""
