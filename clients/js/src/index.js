/**
 * Follow a HITL Console over its socket, without losing an event.
 *
 * @typedef {import("./messages.js").Message} Message
 * @typedef {import("./messages.js").AnswerMessage} AnswerMessage
 * @typedef {import("./messages.js").ChannelMessage} ChannelMessage
 * @typedef {import("./messages.js").NewAPVMessage} NewAPVMessage
 * @typedef {import("./messages.js").DecisionMadeMessage} DecisionMadeMessage
 * @typedef {import("./messages.js").APVChangedMessage} APVChangedMessage
 * @typedef {import("./messages.js").EffectChangedMessage} EffectChangedMessage
 * @typedef {import("./messages.js").StatsUpdateMessage} StatsUpdateMessage
 * @typedef {import("./positions.js").PositionStorage} PositionStorage
 * @typedef {import("./realtime/socket.js").Options} Options
 * @typedef {import("./realtime/socket.js").Position} Position
 * @typedef {import("./realtime/socket.js").Positions} Positions
 * @typedef {import("./realtime/socket.js").Status} Status
 * @typedef {import("./shared.js").Listener} Listener
 * @typedef {import("./shared.js").SharedOptions} SharedOptions
 * @typedef {import("./shared.js").SharedState} SharedState
 */

export { CHANNEL_OF, MessageType } from "./messages.js";
export { connect, STATUSES } from "./realtime/socket.js";
export { SharedConnection } from "./shared.js";
export { fetchTicket, TicketRefused } from "./tickets.js";
