"""Here is the target: where one connection of an event leads."""

from dataclasses import dataclass

from routilux.ipc.channels import Channel
from routilux.keys import KeySource


@dataclass(frozen=True, slots=True)
class Target:
    """Where one connection of an event leads: a channel to whichever worker, or, with a key, one channel for
    each.
    """

    port: int
    channels: tuple[Channel, ...]
    key: KeySource | None = None
    numbered: int = -1
    """The row of tags by which messages are numbered, if the consumers are ordered."""
    is_answer: bool = False
    """Whether the consumer takes messages in the order of our inputs."""

    @property
    def is_plain(self) -> bool:
        """Whether messages go there without a key or a number."""
        return self.key is None and self.numbered < 0
