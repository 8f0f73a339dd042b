"""What all records and messages are: what servers send, which may grow."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Something that a server sent. Fields that this version does not know are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(BaseModel):
    """A message of the socket. Fields that this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    timestamp: datetime


class Event(Message):
    """A numbered message: the event of a channel's log at an offset."""

    channel: str
    offset: int
