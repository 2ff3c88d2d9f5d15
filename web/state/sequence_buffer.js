// Orders the durable frames of one conversation and detects gaps. It is the only owner of the position.
//
//     receive(frame)    a live frame: returned if it is the next one, held if it is ahead
//     fill(range)       a complete range of the log: returned together with the held frames that follow it
//     observeHead(seq)  the log is known to reach `seq`
//     skipTo(seq)       a summary as of `seq` was read, which replaces the frames up to it
//
// Attached: a timeline displays the frames, so the position advances only over frames that were returned.
// Detached: nothing displays them, so `skipTo` may move the position without them.

const MAX_HELD = 500;

export class SequenceBuffer {
  #position;
  #target;
  #attached = false;
  #held = new Map();

  constructor(position) {
    this.#position = position;
    this.#target = position;
  }

  // Every frame up to this seq was returned, or skipped while detached.
  get position() {
    return this.#position;
  }

  // Number of seqs that are known to exist and were not returned yet.
  get missing() {
    return this.#target - this.#position;
  }

  get attached() {
    return this.#attached;
  }

  attach() {
    this.#attached = true;
  }

  detach() {
    this.#attached = false;
  }

  receive(frame) {
    if (frame.seq <= this.#position) return [];
    this.observeHead(frame.seq);
    if (frame.seq > this.#position + 1) {
      // Beyond the limit the frame is dropped: the gap makes the caller read it from the log.
      if (this.#held.size < MAX_HELD) this.#held.set(frame.seq, frame);
      return [];
    }
    this.#position = frame.seq;
    return [frame, ...this.#release()];
  }

  // `frames` are everything between `after` and `through`, compacted. A range that begins beyond the
  // position would leave a hole, so it only raises the target.
  fill({ after, frames, through }) {
    this.observeHead(through);
    if (after > this.#position) return [];
    const added = frames.filter((frame) => frame.seq > this.#position && frame.seq <= through);
    this.#position = Math.max(this.#position, through);
    return [...added, ...this.#release()];
  }

  observeHead(seq) {
    this.#target = Math.max(this.#target, seq);
  }

  // Returns the held frames after `seq`. Attached, only notes that the log reaches `seq`.
  skipTo(seq) {
    this.observeHead(seq);
    if (this.#attached || seq <= this.#position) return [];
    this.#position = seq;
    return this.#release();
  }

  #release() {
    for (const seq of this.#held.keys()) if (seq <= this.#position) this.#held.delete(seq);
    const released = [];
    for (;;) {
      const frame = this.#held.get(this.#position + 1);
      if (frame === undefined) return released;
      this.#held.delete(frame.seq);
      this.#position = frame.seq;
      released.push(frame);
    }
  }
}
