"""The daemon behind `kwsd listen`: source, inference loop, watchdog, metrics, systemd, signals."""
