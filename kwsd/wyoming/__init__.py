"""The Wyoming protocol: wake-word detection for Home Assistant and its satellites, over a socket."""
