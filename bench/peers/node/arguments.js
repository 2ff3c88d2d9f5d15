// What every Node peer is told: where to listen and where its Redis is.
"use strict";

const { parseArgs } = require("node:util");

const { values } = parseArgs({ options: { port: { type: "string" }, redis: { type: "string" } } });

exports.port = Number(values.port);
exports.redisUrl = values.redis;
