"""The channel layer: Channels' own for Redis, less what only makes sense without an event log."""

from typing import Any

from channels_redis.core import RedisChannelLayer


class Layer(RedisChannelLayer):
    """Takes each message off its queue and keeps no copy until it is handled.

    The copy would outlive a process that is killed, for ever. What is lost here is in the log.
    """

    async def _brpop_with_clean(self, index: int, channel: str, timeout: float) -> Any:  # noqa: ASYNC109
        """The first message of `channel`, or None when none comes within `timeout` seconds."""
        found = await self.connection(index).bzpopmin(channel, timeout=timeout)
        return found and found[1]

    async def _clean_receive_backup(self, index: int, channel: str) -> None:
        """There is no copy."""
