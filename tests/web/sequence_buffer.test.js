// The rules of the sequence buffer, one by one.

import assert from "node:assert/strict";
import test from "node:test";
import { SequenceBuffer } from "../../web/state/sequence_buffer.js";

const frame = (seq) => ({ seq });
const seqs = (frames) => frames.map((one) => one.seq);

function attached(position) {
  const buffer = new SequenceBuffer(position);
  buffer.attach();
  return buffer;
}

test("the next frame is returned, a known one is not", () => {
  const buffer = attached(4);
  assert.deepEqual(seqs(buffer.receive(frame(5))), [5]);
  assert.deepEqual(buffer.receive(frame(5)), []);
  assert.equal(buffer.position, 5);
  assert.equal(buffer.missing, 0);
});

test("a frame ahead is held until the gap is filled", () => {
  const buffer = attached(4);
  assert.deepEqual(buffer.receive(frame(7)), []);
  assert.equal(buffer.missing, 3);
  assert.deepEqual(seqs(buffer.fill({ after: 4, frames: [frame(6)], through: 6 })), [6, 7]);
  assert.equal(buffer.position, 7);
});

test("a range that begins beyond the position is refused, and the gap stays known", () => {
  const buffer = attached(4);
  assert.deepEqual(buffer.fill({ after: 6, frames: [frame(7)], through: 7 }), []);
  assert.equal(buffer.position, 4);
  assert.equal(buffer.missing, 3);
});

test("a range that overlaps the position adds only what is new", () => {
  const buffer = attached(4);
  buffer.receive(frame(5));
  assert.deepEqual(seqs(buffer.fill({ after: 4, frames: [frame(5), frame(6)], through: 6 })), [6]);
});

test("a summary never moves an attached position", () => {
  const buffer = attached(4);
  assert.deepEqual(buffer.skipTo(9), []);
  assert.equal(buffer.position, 4);
  assert.equal(buffer.missing, 5);
});

test("a summary replaces the frames of a detached buffer and releases those after it", () => {
  const buffer = new SequenceBuffer(4);
  buffer.receive(frame(6));
  buffer.receive(frame(8));
  assert.deepEqual(seqs(buffer.skipTo(7)), [8]);
  assert.equal(buffer.missing, 0);
});

test("frames beyond the limit are dropped, not forgotten", () => {
  const buffer = attached(0);
  for (let seq = 2; seq < 1000; seq += 1) buffer.receive(frame(seq));
  assert.equal(buffer.missing, 999);
  assert.equal(seqs(buffer.fill({ after: 0, frames: [frame(1)], through: 1 })).at(-1), 501);
  assert.equal(buffer.missing, 498);
});
