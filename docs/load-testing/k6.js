// Convene under k6: pairs who write to each other, and readers of feeds.
//
//   python run.py load prepare --users 200 --users-file data/load/users.json
//   k6 run -e URL=http://127.0.0.1:8080 -e USERS=../../data/load/users.json docs/load-testing/k6.js
//
// It checks no order, gaps or duplicates: `run.py load` does.
import http from "k6/http";
import { check, sleep } from "k6";
import { SharedArray } from "k6/data";
import { Trend } from "k6/metrics";
import { WebSocket } from "k6/websockets";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const people = new SharedArray("people", () => JSON.parse(open(__ENV.USERS)).people);
const acknowledged = new Trend("convene_send", true);
const delivered = new Trend("convene_delivery", true);

export const options = {
  scenarios: {
    pairs: { executor: "constant-vus", exec: "pairs", vus: 20, duration: "30s" },
    feed: { executor: "constant-arrival-rate", exec: "feed", rate: 20, duration: "30s", preAllocatedVUs: 20 },
  },
  thresholds: { convene_delivery: ["p(99)<250"], http_req_failed: ["rate<0.01"] },
};

function headers(person) {
  return { headers: { Authorization: `Bearer ${person.token}`, "Content-Type": "application/json" } };
}

export function pairs() {
  const turn = (__VU - 1) % people.length;
  const me = people[turn];
  const other = people[turn ^ 1];
  const body = JSON.stringify({ type: "DIRECT", participants: [other.id] });
  const conversation = http.post(`${URL}/v1/conversations`, body, headers(me)).json("id");
  const socket = new WebSocket(`${URL.replace("http", "ws")}/v1/ws`, ["convene.v1.json"]);
  const asked = {};
  let number = 0;
  socket.onopen = () => socket.send(JSON.stringify({ type: "authenticate", id: 0, token: me.token }));
  socket.onmessage = (event) => {
    for (const frame of [].concat(JSON.parse(event.data))) {
      if (frame.type === "ready") {
        setInterval(() => {
          asked[++number] = Date.now();
          socket.send(
            JSON.stringify({
              type: "message.send",
              id: number,
              conversation_id: conversation,
              client_id: `${me.id}-${Date.now()}-${number}`,
              content: `${Date.now()}`,
            }),
          );
        }, 1000);
        setTimeout(() => socket.close(), 25000);
      } else if (frame.type === "ok" && asked[frame.id]) {
        acknowledged.add(Date.now() - asked[frame.id]);
      } else if (frame.type === "message.created" && frame.message.sender_id === other.id) {
        delivered.add(Date.now() - Number(frame.message.content));
      }
    }
  };
}

export function feed() {
  const person = people[Math.floor(Math.random() * people.length)];
  const answer = http.get(`${URL}/v1/feed`, headers(person));
  check(answer, { "a page": (one) => one.status === 200 });
  sleep(0.1);
}
