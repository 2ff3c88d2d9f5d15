// Runs a function once for all requests within a frame. It uses a timer, because animation frames do not run
// in hidden tabs, where the title must still show new messages.

const FRAME_MS = 16;

export class BatchedTask {
  #run;
  #timer = null;

  constructor(run) {
    this.#run = run;
  }

  request() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, FRAME_MS);
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
