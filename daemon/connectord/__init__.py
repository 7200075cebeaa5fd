"""connectord keeps the connectors of a Base44 app equal to the files in a project's connectors directory."""

__version__ = "0.1.0"
