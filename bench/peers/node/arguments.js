// Command line arguments of the Node peers.
"use strict";

const { parseArgs } = require("node:util");

const { values } = parseArgs({ options: { port: { type: "string" }, redis: { type: "string" } } });

exports.port = Number(values.port);
exports.redisUrl = values.redis;
