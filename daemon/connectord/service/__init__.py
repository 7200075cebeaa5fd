"""At home in the machine's service manager: the unit and the plist, their installation, and what systemd is told."""
