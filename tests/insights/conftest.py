"""The office of `tests.interactions`: a tenant with two queues behind its HTTP surface."""

from tests.interactions.conftest import office

__all__ = ["office"]
