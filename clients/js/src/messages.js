/**
 * The messages of the socket, as docs/protocol.md describes them. Made from the code: make docs
 *
 * Values of fields in quotes are those that the server sends today; a newer one may send others.
 *
 * @typedef {import("./realtime/socket.js").Position} Position
 *
 * @typedef {object} ConnectionAckMessage The first message on every accepted socket.
 * @property {"connection_ack"} type
 * @property {string} timestamp
 * @property {string} client_id
 * @property {string} message
 *
 * @typedef {object} PongMessage Answers a ping, with the positions of the subscribed logs.
 * @property {"pong"} type
 * @property {string} timestamp
 * @property {Record<string, Position>} positions
 *
 * @typedef {object} SubscriptionConfirmedMessage Answers a subscribe: the channels as requested, and the positions of their logs.
 * @property {"subscription_confirmed"} type
 * @property {string} timestamp
 * @property {Array<string>} channels
 * @property {Record<string, Position>} positions
 * @property {Record<string, boolean>} recovered
 * @property {Record<string, "epoch" | "ahead" | "too_far" | "truncated" | (string & {})>} reason
 *
 * @typedef {object} UnsubscriptionConfirmedMessage Answers an unsubscribe: the channels as requested.
 * @property {"unsubscription_confirmed"} type
 * @property {string} timestamp
 * @property {Array<string>} channels
 *
 * @typedef {object} ErrorMessage Says why a request was not carried out; the socket stays open.
 * @property {"error"} type
 * @property {string} timestamp
 * @property {string} error_code
 * @property {string} error_message
 * @property {Record<string, any> | null} [details]
 *
 * @typedef {object} NewAPVMessage An APV was added.
 * @property {"new_apv"} type
 * @property {string} timestamp
 * @property {"apvs"} channel
 * @property {number} offset
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"CRITICAL" | "HIGH" | "MEDIUM" | "LOW" | (string & {})} severity
 * @property {string | null} cve_id
 * @property {string} package_name
 *
 * @typedef {object} DecisionMadeMessage A person decided on an APV.
 * @property {"decision_made"} type
 * @property {string} timestamp
 * @property {"decisions"} channel
 * @property {number} offset
 * @property {string} decision_id
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"approve" | "reject" | "modify" | "escalate" | "dismiss" | (string & {})} decision
 * @property {string} reviewer_name
 * @property {"pr_merged" | "pr_closed" | "changes_requested" | "assigned_to_lead" | "dismissed" | "awaiting_approval" | (string & {})} action_taken
 * @property {number} [apv_version]
 * @property {string} [diff_sha256]
 *
 * @typedef {object} StatsUpdateMessage The numbers of the review changed; only the latest ones are ever sent.
 * @property {"stats_update"} type
 * @property {string} timestamp
 * @property {number} pending_reviews
 * @property {number} total_decisions
 * @property {number} decisions_today
 *
 * @typedef {object} APVChangedMessage An APV changed, without a decision that ended its review.
 * @property {"apv_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"pending" | "approved" | "rejected" | "changes_requested" | "escalated" | "dismissed" | "withdrawn" | (string & {})} status
 * @property {number} version
 * @property {number} revision
 * @property {"revised" | "rebased" | "evidence" | "withdrawn" | "reopened" | "retracted" | "approval" | (string & {})} what
 *
 * @typedef {object} EffectChangedMessage What carries a decision out is in another state.
 * @property {"effect_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} decision_id
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"merge" | "close" | "request_changes" | "escalate" | (string & {})} kind
 * @property {"held" | "queued" | "running" | "waiting" | "done" | "refused" | "failed" | "cancelled" | "external" | (string & {})} state
 * @property {string} merged_commit
 *
 * @typedef {object} ClaimChangedMessage Somebody has claimed an APV, or has it no longer.
 * @property {"claim_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"claimed" | "taken_over" | "released" | "expired" | (string & {})} what
 * @property {string} claimed_by
 * @property {string} claimed_by_name
 * @property {string} previous
 * @property {string} reason
 *
 * @typedef {object} AssignmentChangedMessage An APV was assigned to a person or a group, or to nobody any more.
 * @property {"assignment_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {string} assigned_to
 * @property {string} group
 * @property {string} assigned_to_name
 * @property {string} by_name
 *
 * @typedef {object} DeadlineChangedMessage An APV is due soon, or overdue.
 * @property {"deadline_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"near" | "passed" | (string & {})} what
 * @property {string} due_at
 * @property {string} rule
 *
 * @typedef {object} DeadlinesRecountedMessage The rules for deadlines changed, and so did the deadlines of some APVs.
 * @property {"deadlines_recounted"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {number} changed
 *
 * @typedef {object} CommentChangedMessage Somebody commented on an APV, or edited or deleted a comment.
 * @property {"comment_changed"} type
 * @property {string} timestamp
 * @property {"changes"} channel
 * @property {number} offset
 * @property {string} comment_id
 * @property {string} apv_id
 * @property {string} apv_code
 * @property {"added" | "edited" | "deleted" | (string & {})} what
 * @property {string} by_name
 * @property {Array<string>} mentioned
 *
 * @typedef {ConnectionAckMessage | PongMessage | SubscriptionConfirmedMessage | UnsubscriptionConfirmedMessage | ErrorMessage} AnswerMessage
 *
 * @typedef {NewAPVMessage | DecisionMadeMessage | StatsUpdateMessage | APVChangedMessage | EffectChangedMessage | ClaimChangedMessage | AssignmentChangedMessage | DeadlineChangedMessage | DeadlinesRecountedMessage | CommentChangedMessage} ChannelMessage
 *
 * @typedef {AnswerMessage | ChannelMessage} Message
 */

export const MessageType = /** @type {const} */ ({
  PING: "ping",
  SUBSCRIBE: "subscribe",
  UNSUBSCRIBE: "unsubscribe",
  ACK: "ack",
  CONNECTION_ACK: "connection_ack",
  PONG: "pong",
  SUBSCRIPTION_CONFIRMED: "subscription_confirmed",
  UNSUBSCRIPTION_CONFIRMED: "unsubscription_confirmed",
  ERROR: "error",
  NEW_APV: "new_apv",
  DECISION_MADE: "decision_made",
  STATS_UPDATE: "stats_update",
  APV_CHANGED: "apv_changed",
  EFFECT_CHANGED: "effect_changed",
  CLAIM_CHANGED: "claim_changed",
  ASSIGNMENT_CHANGED: "assignment_changed",
  DEADLINE_CHANGED: "deadline_changed",
  DEADLINES_RECOUNTED: "deadlines_recounted",
  COMMENT_CHANGED: "comment_changed",
});

/** The channel of each event, by its type. */
export const CHANNEL_OF = /** @type {const} */ ({
  new_apv: "apvs",
  decision_made: "decisions",
  stats_update: "stats",
  apv_changed: "changes",
  effect_changed: "changes",
  claim_changed: "changes",
  assignment_changed: "changes",
  deadline_changed: "changes",
  deadlines_recounted: "changes",
  comment_changed: "changes",
});
