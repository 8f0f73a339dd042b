"""A client of HITL Console: add APVs, read the queue, decide, and follow what happens."""

from hitl_client import errors
from hitl_client.async_client import AsyncClient
from hitl_client.calls import Page
from hitl_client.client import Client
from hitl_client.errors import HITLError, Problem
from hitl_client.line import NoLongerAllowed, Reload
from hitl_client.messages import APVChanged, DecisionMade, EffectChanged, NewAPV, StatsUpdate
from hitl_client.model import Event, Message
from hitl_client.records import (
    APV,
    APVFields,
    APVLine,
    Decision,
    Effect,
    EvidenceFields,
    Position,
    QueueItem,
    Stats,
)

__all__ = [
    "APV",
    "APVChanged",
    "APVFields",
    "APVLine",
    "AsyncClient",
    "Client",
    "Decision",
    "DecisionMade",
    "Effect",
    "EffectChanged",
    "Event",
    "EvidenceFields",
    "HITLError",
    "Message",
    "NewAPV",
    "NoLongerAllowed",
    "Page",
    "Position",
    "Problem",
    "QueueItem",
    "Reload",
    "Stats",
    "StatsUpdate",
    "errors",
]
