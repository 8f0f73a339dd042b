"use client";

/** Hooks of React for the socket of a HITL Console. */

export { WebSocketStatus } from "../limited.js";
export { MessageType } from "../messages.js";
export { HITLProvider, useHITL } from "./use_hitl.js";
export { useWebSocket } from "./use_web_socket.js";
