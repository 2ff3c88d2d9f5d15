// How far one conversation was heard: every durable frame once, in order of seq.
//
//     take(frame) -> what may be handed on now; what is ahead is held, and `gap` says that some is missing
//
// What it cannot hold is left to the log, which is asked for anyhow. It never waits and never asks.

const HELD = 500;

export class Progress {
  #held = new Map();

  constructor(position) {
    this.position = position;
    this.wanted = position;
  }

  // Whether more is known to exist than was handed on.
  get gap() {
    return this.wanted > this.position;
  }

  take(frame) {
    if (frame.seq <= this.position) return [];
    if (frame.seq > this.position + 1) {
      this.hold(frame);
      return [];
    }
    this.position = frame.seq;
    this.wanted = Math.max(this.wanted, frame.seq);
    return [frame, ...this.#released()];
  }

  // Keep a frame until what is before it has been handed on.
  hold(frame) {
    if (frame.seq <= this.position) return;
    this.wanted = Math.max(this.wanted, frame.seq);
    if (this.#held.size < HELD) this.#held.set(frame.seq, frame);
  }

  expect(seq) {
    this.wanted = Math.max(this.wanted, seq);
  }

  // What the log holds up to `through`, compacted: with it, those that had waited for it.
  fill(frames, through) {
    const ready = frames.filter((frame) => frame.seq > this.position && frame.seq <= through);
    this.position = Math.max(this.position, through);
    this.wanted = Math.max(this.wanted, through);
    return [...ready, ...this.#released()];
  }

  #released() {
    const ready = [];
    for (const seq of this.#held.keys()) if (seq <= this.position) this.#held.delete(seq);
    for (;;) {
      const frame = this.#held.get(this.position + 1);
      if (frame === undefined) return ready;
      this.#held.delete(frame.seq);
      this.position = frame.seq;
      ready.push(frame);
    }
  }
}
