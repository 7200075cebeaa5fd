"""What can keep the service from being installed, started or removed.

ServiceError
  NoServiceManager    nothing on this machine starts and watches a user's programs, or it can't be reached
  NotOurs             there is a unit or plist of this name that somebody else wrote
  NotWritable         its file can't be written or removed
  ServiceNotStarted   it was installed, and didn't get ready
  ServiceRefused      the service manager said no
"""

from __future__ import annotations

from connectord.errors import ConnectordError


class ServiceError(ConnectordError):
    """Something is wrong with the service."""

    code = "SERVICE_ERROR"


class NoServiceManager(ServiceError):
    """There is neither systemd nor launchd for this user."""

    code = "NO_SERVICE_MANAGER"


class NotOurs(ServiceError):
    """The file that would be written or removed isn't one that connectord wrote."""

    code = "SERVICE_NOT_OURS"


class NotWritable(ServiceError):
    """The unit or plist can't be written as it should, or its file can't be written or removed."""

    code = "SERVICE_NOT_WRITABLE"


class ServiceNotStarted(ServiceError):
    """It doesn't get ready. The details are its last words."""

    code = "SERVICE_NOT_STARTED"


class ServiceRefused(ServiceError):
    """A command of the service manager failed. The details are what it said."""

    code = "SERVICE_REFUSED"
