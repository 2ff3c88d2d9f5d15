// Load test with k6: pairs of users who exchange messages, and feed readers.
//
//   python run.py load prepare --users 200 --users-file data/load/users.json
//   k6 run -e URL=http://127.0.0.1:8080 -e USERS=../../data/load/users.json docs/load-testing/k6.js
//
// k6 does not check order, gaps or duplicates; `run.py load` does.
import http from "k6/http";
import { check, sleep } from "k6";
import { SharedArray } from "k6/data";
import { Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const users = new SharedArray("users", () => JSON.parse(open(__ENV.USERS)).people);
const acknowledged = new Trend("convene_send", true);
const delivered = new Trend("convene_delivery", true);

export const options = {
  scenarios: {
    pairs: { executor: "constant-vus", exec: "pairs", vus: 20, duration: "30s" },
    feed: { executor: "constant-arrival-rate", exec: "feed", rate: 20, duration: "30s", preAllocatedVUs: 20 },
  },
  thresholds: { convene_delivery: ["p(99)<250"], http_req_failed: ["rate<0.01"] },
};

function headers(user) {
  return { headers: { Authorization: `Bearer ${user.token}`, "Content-Type": "application/json" } };
}

export function pairs() {
  const index = (__VU - 1) % users.length;
  const me = users[index];
  const peer = users[index ^ 1];
  const body = JSON.stringify({ type: "DIRECT", participants: [peer.id] });
  const conversation = http.post(`${URL}/v1/conversations`, body, headers(me)).json("id");
  const socket = new WebSocket(`${URL.replace("http", "ws")}/v1/ws`, ["convene.v1.json"]);
  const sentAt = {};
  let requestId = 0;
  socket.onopen = () => socket.send(JSON.stringify({ type: "authenticate", id: 0, token: me.token }));
  socket.onmessage = (event) => {
    for (const frame of [].concat(JSON.parse(event.data))) {
      if (frame.type === "ready") {
        setInterval(() => {
          sentAt[++requestId] = Date.now();
          socket.send(
            JSON.stringify({
              type: "message.send",
              id: requestId,
              conversation_id: conversation,
              client_id: `${me.id}-${Date.now()}-${requestId}`,
              content: `${Date.now()}`,
            }),
          );
        }, 1000);
        setTimeout(() => socket.close(), 25000);
      } else if (frame.type === "ok" && sentAt[frame.id]) {
        acknowledged.add(Date.now() - sentAt[frame.id]);
      } else if (frame.type === "message.created" && frame.message.sender_id === peer.id) {
        delivered.add(Date.now() - Number(frame.message.content));
      }
    }
  };
}

export function feed() {
  const user = users[Math.floor(Math.random() * users.length)];
  const response = http.get(`${URL}/v1/feed`, headers(user));
  check(response, { "status is 200": (result) => result.status === 200 });
  sleep(0.1);
}
