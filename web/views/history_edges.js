// The ends of a message list: what is before or after the window of the timeline is read when its end comes near. Shows the
// progress of a read and its error.

import { button, element, errorText, loadingText, setChildren } from "../components/dom.js";
import { t } from "../i18n.js";

const PRELOAD_PX = 600;

export class HistoryEdges {
  #timeline = null;
  #scope;
  #observer = null;
  #watched = "";
  older = element("div", { class: "load-older" });
  newer = element("div", { class: "load-newer" });

  constructor(scope) {
    this.#scope = scope;
    scope.keep(() => this.#observer?.disconnect());
  }

  // `area`: the scroll area that the edges are in.
  begin(timeline, area) {
    this.#timeline = timeline;
    const options = { root: area, rootMargin: `${PRELOAD_PX}px 0px` };
    this.#observer = new IntersectionObserver((entries) => this.#onReached(entries), options);
  }

  // Runs one read of the timeline. Returns whether it succeeded.
  async load(read, place = this.older) {
    this.#observer.disconnect();
    setChildren(place, loadingText());
    try {
      await read();
      setChildren(place);
      this.watch();
      return true;
    } catch (error) {
      const retry = button(t("common.try_again"), () => this.load(read, place), { class: "plain" });
      setChildren(place, errorText(error.message), retry);
      return false;
    }
  }

  watch() {
    this.#observer.disconnect();
    this.#watched = this.#key();
    if (!this.#timeline.loaded || this.#scope.closed) return;
    if (this.#timeline.hasOlder) this.#observer.observe(this.older);
    if (this.#timeline.hasNewer) this.#observer.observe(this.newer);
  }

  // Watches again if the timeline has other ends than before.
  update() {
    if (this.#watched !== this.#key()) this.watch();
  }

  #key() {
    return `${this.#timeline.hasOlder} ${this.#timeline.hasNewer}`;
  }

  #onReached(entries) {
    const reached = entries.filter((one) => one.isIntersecting).map((one) => one.target);
    if (reached.includes(this.older)) this.load(() => this.#timeline.loadOlder(), this.older);
    else if (reached.includes(this.newer)) this.load(() => this.#timeline.loadNewer(), this.newer);
  }
}
