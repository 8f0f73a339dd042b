"""The models of the review: APVs, policies, deadlines, decisions, effects, teamwork, batches."""

from reviews.models.advisory import Advisory, APVAdvisory
from reviews.models.apv import APV, ILLUSTRATIVE, QUEUE_NARROWED_BY
from reviews.models.apv_constraints import (
    CODE_PATTERN,
    COMMIT_PATTERN,
    CVE_PATTERN,
    CWE_PATTERN,
    DIFF_MAX_BYTES,
    URL_PATTERN,
)
from reviews.models.apv_queryset import APVQuerySet
from reviews.models.assignment import Assignment
from reviews.models.batch import Batch, BatchItem, ItemState
from reviews.models.claim import Claim
from reviews.models.comment import LONGEST_COMMENT, Comment, OldText, Side
from reviews.models.counters import CodeSequence, Tally
from reviews.models.deadline import Counting, Deadline, DeadlineRule, Recount
from reviews.models.decision import JUSTIFICATION_LENGTH, Decision
from reviews.models.effect import Effect
from reviews.models.gate import Gate
from reviews.models.idempotency import IdempotencyKey
from reviews.models.notice import Notice, NoticeKind
from reviews.models.policy import Policy, PolicyVersion
from reviews.models.reading import Reading
from reviews.models.retraction import REASON_LENGTH, Retraction
from reviews.models.revision import (
    EVIDENCE,
    EVIDENCE_FOR_PATCH,
    EXPLOITATION,
    KEPT_OF_REVISIONS,
    Revision,
)
from reviews.models.saved_view import SavedView
from reviews.models.template import Template

__all__ = [
    "APV",
    "CODE_PATTERN",
    "COMMIT_PATTERN",
    "CVE_PATTERN",
    "CWE_PATTERN",
    "DIFF_MAX_BYTES",
    "EVIDENCE",
    "EVIDENCE_FOR_PATCH",
    "EXPLOITATION",
    "ILLUSTRATIVE",
    "JUSTIFICATION_LENGTH",
    "KEPT_OF_REVISIONS",
    "LONGEST_COMMENT",
    "QUEUE_NARROWED_BY",
    "REASON_LENGTH",
    "URL_PATTERN",
    "APVAdvisory",
    "APVQuerySet",
    "Advisory",
    "Assignment",
    "Batch",
    "BatchItem",
    "Claim",
    "CodeSequence",
    "Comment",
    "Counting",
    "Deadline",
    "DeadlineRule",
    "Decision",
    "Effect",
    "Gate",
    "IdempotencyKey",
    "ItemState",
    "Notice",
    "NoticeKind",
    "OldText",
    "Policy",
    "PolicyVersion",
    "Reading",
    "Recount",
    "Retraction",
    "Revision",
    "SavedView",
    "Side",
    "Tally",
    "Template",
]
