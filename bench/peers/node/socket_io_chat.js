// socket.io with its Redis adapter, set up as in their documentation.
"use strict";

const { createServer } = require("node:http");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Server } = require("socket.io");
const { accept } = require("./message");
const { port, redisUrl } = require("./arguments");

const numbers = new Map();

const next = (room) => {
  const seq = (numbers.get(room) ?? 0) + 1;
  numbers.set(room, seq);
  return seq;
};

const serve = async () => {
  const publisher = createClient({ url: redisUrl });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer();
  const io = new Server(http, {
    adapter: createAdapter(publisher, subscriber),
    transports: ["websocket"],
    serveClient: false,
  });
  io.on("connection", (socket) => {
    const { room } = socket.handshake.query;
    socket.join(room);
    socket.on("message_send", (command, acknowledge) => {
      const { ok, created } = accept(command, socket.id, next(room));
      io.to(room).emit("message_created", created);
      acknowledge(ok);
    });
  });
  http.listen({ host: "127.0.0.1", port, backlog: 1024 });
};

serve();
