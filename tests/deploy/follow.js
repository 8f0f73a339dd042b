// Follows decisions with the client for JavaScript, and prints each status and event on a line:
// node follow.js ORIGIN, with an API token in TOKEN.
import { fetchTicket, SharedConnection } from "hitl-console";

const origin = process.argv[2];
const headers = { Authorization: `Bearer ${process.env.TOKEN}` };
const connection = new SharedConnection({
  url: `${origin.replace("http", "ws")}/hitl/ws`,
  ticket: () => fetchTicket(`${origin}/hitl/ws/ticket`, { headers }),
  storage: null,
});
/** @param {object} line */
const print = (line) => console.log(JSON.stringify(line));

connection.subscribe(() => print({ status: connection.getState().status }));
connection.listen({
  channels: ["decisions"],
  onMessage: print,
  onReload: () => print({ reload: true }),
});
