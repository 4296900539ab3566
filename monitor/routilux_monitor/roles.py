"""Here are the two roles of those who hold a token."""

from enum import Enum


class Role(Enum):
    """What a token is good for."""

    VIEW = "view"
    DEBUG = "debug"
