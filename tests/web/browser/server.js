// A Convene server in a temporary folder, or several instances of it, and its HTTP API.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PYTHON = process.env.CONVENE_PYTHON ?? join(ROOT, ".venv/bin/python");
// The server refuses CONVENE_ variables that it does not know, such as those of these tests.
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("CONVENE_")),
);
const START_MS = 90_000;
const UNTIL_MS = 60_000;
const HOUR_MS = 3_600_000;

export class Server {
  #process = null;
  #folder = null;
  #users = 0;
  #environment;
  #instances;
  #managementPort = 0;
  #urls = [];
  // What browsers open: the last instance. `request` sends to the first one.
  url = "";

  // `environment` are further variables; with the management port 0 a free one is chosen here.
  constructor(environment = {}, instances = 1) {
    this.#environment = environment;
    this.#instances = instances;
  }

  // The address of the management port.
  managementUrl() {
    return `http://127.0.0.1:${this.#managementPort}`;
  }

  async start() {
    this.#folder ??= await mkdtemp(join(tmpdir(), "convene-"));
    if (this.#urls.length === 0) {
      const ports = await freePorts(this.#instances);
      this.#urls = ports.map((one) => `http://127.0.0.1:${one}`);
      this.url = this.#urls.at(-1);
    }
    const port = new URL(this.#urls[0]).port;
    const several = this.#instances > 1 ? ["--instances", String(this.#instances)] : [];
    if (this.#environment.CONVENE_MANAGEMENT_PORT === "0") this.#managementPort ||= await freePort();
    this.#process = spawn(PYTHON, ["run.py", "--port", port, ...several], {
      cwd: ROOT,
      env: {
        ...ENVIRONMENT,
        ...this.#environment,
        ...(this.#managementPort && { CONVENE_MANAGEMENT_PORT: String(this.#managementPort) }),
        CONVENE_DATA_DIR: this.#folder,
      },
      stdio: "ignore",
    });
    const deadline = Date.now() + START_MS;
    while (!(await this.#isReady())) {
      if (Date.now() > deadline || this.#process.exitCode !== null)
        throw new Error("the server did not start");
      await sleep(200);
    }
  }

  // Keeps the data, so that the server can be started again.
  async stop() {
    if (this.#process.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    await exited;
  }

  async remove() {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async request(method, path, { token, body } = {}) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID();
    const options = { method, headers, body: body && JSON.stringify(body) };
    let response = await fetch(this.#urls[0] + path, options);
    // A journey prepares more than one user may send at a time.
    while (response.status === 429) {
      await sleep((await response.json()).retry_after_ms);
      response = await fetch(this.#urls[0] + path, options);
    }
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // Runs `run.py moderate` with these arguments.
  moderate(...words) {
    return this.run("moderate", ...words);
  }

  // Runs `run.py` with these arguments, beside the running server.
  run(...words) {
    const command = spawn(PYTHON, ["run.py", ...words], {
      cwd: ROOT,
      env: { ...ENVIRONMENT, CONVENE_DATA_DIR: this.#folder },
      stdio: "ignore",
    });
    return new Promise((resolve, reject) => {
      command.once("error", reject);
      command.once("exit", (status) =>
        status === 0 ? resolve() : reject(new Error(`${words.join(" ")}: status ${status}`)),
      );
    });
  }

  async createUser(name) {
    this.#users += 1;
    const username = `${name.toLowerCase().replace(/\W+/g, "_").slice(0, 40)}${this.#users}`;
    const body = {
      email: `${username}@example.org`,
      username,
      password: "correct horse",
      display_name: name,
    };
    const { user, token } = await this.request("POST", "/v1/users", { body });
    return { ...user, token };
  }

  createGroup(creator, others, name = "Group") {
    const body = { type: "GROUP", participants: others.map((one) => one.id), name };
    return this.request("POST", "/v1/conversations", { token: creator.token, body });
  }

  // A group of two, with `count` messages of `sender`.
  async createGroupWithMessages(creator, sender, count, name) {
    const conversation = await this.createGroup(creator, [sender], name);
    for (let at = 0; at < count; at += 20) {
      const batch = Array.from({ length: Math.min(20, count - at) }, (_, index) => at + index);
      await Promise.all(batch.map((index) => this.send(conversation, sender, `message ${index}`)));
    }
    return conversation;
  }

  send(conversation, sender, content) {
    const body = { client_id: crypto.randomUUID(), content };
    const path = `/v1/conversations/${conversation.id}/messages`;
    return this.request("POST", path, { token: sender.token, body });
  }

  conversation(conversation, user) {
    return this.request("GET", `/v1/conversations/${conversation.id}`, { token: user.token });
  }

  markRead(conversation, user, seq) {
    const path = `/v1/conversations/${conversation.id}/read`;
    return this.request("PUT", path, { token: user.token, body: { seq } });
  }

  // An event of an hour, the day after tomorrow.
  createEvent(host, more = {}) {
    const start = Date.now() + 48 * HOUR_MS;
    const body = {
      title: "Boules",
      capacity: 5,
      start_datetime: new Date(start).toISOString(),
      end_datetime: new Date(start + HOUR_MS).toISOString(),
      ...more,
    };
    return this.request("POST", "/v1/events", { token: host.token, body });
  }

  async #isReady() {
    try {
      const answers = await Promise.all(this.#urls.map((url) => fetch(`${url}/readyz`)));
      return answers.every((one) => one.ok);
    } catch {
      return false;
    }
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Waits until `check()` returns a true value.
export async function until(check, message) {
  const deadline = Date.now() + UNTIL_MS;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(message);
    await sleep(100);
  }
}

// Returns `count` free ports, each one above the last.
async function freePorts(count) {
  for (;;) {
    const first = await freePort();
    const others = Array.from({ length: count - 1 }, (_, index) => first + index + 1);
    if ((await Promise.all(others.map(freePort))).every((port) => port !== null)) return [first, ...others];
  }
}

// Returns the port, by default any, or null if it is not free.
function freePort(wanted = 0) {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once("error", () => resolve(null));
    listener.listen(wanted, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}
