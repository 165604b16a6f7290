"""Bridges: subscribers that hand events on, to an MQTT broker, a web server or a command."""
