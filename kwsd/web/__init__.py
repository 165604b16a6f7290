"""The page behind `kwsd monitor`: its server, and in `static/` what the browser runs."""
