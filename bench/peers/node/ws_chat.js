// Node's `ws`, one process: each message is framed once and the same bytes are written to every member.
//
// Framed bytes are sent in the same way as in socket.io's adapter. No Redis.
"use strict";

const { WebSocketServer, Sender, OPEN } = require("ws");
const { accept } = require("./message");
const { port } = require("./arguments");

const FRAME = { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: false };
const rooms = new Map();
let names = 0;

const roomOf = (request) => {
  const name = new URL(request.url, "http://peer").searchParams.get("room");
  if (!rooms.has(name)) rooms.set(name, { members: new Set(), seq: 0 });
  return rooms.get(name);
};

const server = new WebSocketServer({ host: "127.0.0.1", port, backlog: 1024, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const room = roomOf(request);
  const name = (names++).toString(16).padStart(36, "0");
  room.members.add(socket);
  socket.on("message", (data) => {
    const { ok, created } = accept(JSON.parse(data), name, ++room.seq);
    socket.send(JSON.stringify(ok));
    const frame = [Buffer.concat(Sender.frame(Buffer.from(JSON.stringify(created)), FRAME))];
    for (const member of room.members) {
      if (member.readyState === OPEN) member._sender.sendFrame(frame);
    }
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => room.members.delete(socket));
});
