// Measures and keeps the position of a scroll area with message rows.

const NEAR_END_PX = 60;
const HIGHLIGHT_MS = 2_000;

export class ScrollPosition {
  #area;
  #rows;

  constructor(area, rows) {
    this.#area = area;
    this.#rows = rows;
  }

  get isAtEnd() {
    return this.#belowPx < NEAR_END_PX;
  }

  // More than one screen above the end.
  get isFarFromEnd() {
    return this.#belowPx > this.#area.clientHeight;
  }

  toEnd() {
    this.#area.scrollTop = this.#area.scrollHeight;
  }

  // Places a row at a fraction of the height from the top.
  toRow(row, fraction) {
    this.#area.scrollTop += this.#offsetOf(row) - this.#area.clientHeight * fraction;
  }

  // Shows the row of a message and marks it for a moment. With `focus`, the arrow keys go on from there.
  highlight(messageId, focus) {
    const row = this.#rows.find(messageId);
    if (!row) return;
    this.toRow(row, 0.3);
    if (focus) row.focus({ preventScroll: true });
    row.classList.add("highlighted");
    setTimeout(() => row.classList.remove("highlighted"), HIGHLIGHT_MS);
  }

  // The first message on screen and its distance from the top, for `restore`.
  save() {
    for (const row of this.#rows.messageElements()) {
      const offset = this.#offsetOf(row);
      if (row.dataset.key && offset + row.offsetHeight > 0) return { id: row.dataset.key, offset };
    }
    return null;
  }

  restore(saved) {
    const row = saved && this.#rows.find(saved.id);
    if (row) this.#area.scrollTop += this.#offsetOf(row) - saved.offset;
  }

  // The seq of the last message that is completely on screen, or 0.
  lastVisibleSeq() {
    const bottom = this.#area.getBoundingClientRect().bottom + 1;
    const rows = this.#rows.messageElements();
    const visible = rows.findLast((row) => row.getBoundingClientRect().bottom <= bottom);
    return Number(visible?.dataset.seq ?? 0);
  }

  get #belowPx() {
    const { scrollHeight, scrollTop, clientHeight } = this.#area;
    return scrollHeight - scrollTop - clientHeight;
  }

  #offsetOf(row) {
    return row.getBoundingClientRect().top - this.#area.getBoundingClientRect().top;
  }
}
