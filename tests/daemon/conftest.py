"""The fixture that the tests of the engine share."""

from tests.support.bench import bench

__all__ = ["bench"]
