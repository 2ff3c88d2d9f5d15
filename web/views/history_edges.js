// The ends of a message list: what is before or after the window of the timeline is read when its end comes near. Shows the
// progress of a read and its error.

import { button, element, errorText, loadingText, setChildren } from "../components/dom.js";
import { toastError } from "../components/toast.js";
import { t } from "../i18n.js";

const PRELOAD_PX = 600;

export class HistoryEdges {
  #timeline = null;
  #rows = null;
  #scope;
  #observer = null;
  #watched = "";
  older = element("div", { class: "load-older" });
  newer = element("div", { class: "load-newer" });

  constructor(scope) {
    this.#scope = scope;
    scope.keep(() => this.#observer?.disconnect());
  }

  // `area`: the scroll area that the edges and `rows` are in.
  begin(timeline, area, rows) {
    this.#timeline = timeline;
    this.#rows = rows;
    const options = { root: area, rootMargin: `${PRELOAD_PX}px 0px` };
    this.#observer = new IntersectionObserver((entries) => this.#onReached(entries), options);
  }

  // Reads what is at an end of the timeline.
  async #extend(read, place) {
    this.#observer.disconnect();
    setChildren(place, loadingText());
    try {
      await read();
      setChildren(place);
      this.watch();
    } catch (error) {
      const retry = button(t("common.try_again"), () => this.#extend(read, place), { class: "plain" });
      setChildren(place, errorText(error.message), retry);
    }
  }

  // Replaces the window of the timeline, and calls `onRead()`, unless the conversation was left meanwhile. What is shown
  // stays if it cannot be read.
  async replace(read, onRead) {
    const place = this.older;
    this.#observer.disconnect();
    setChildren(place, loadingText());
    try {
      await read();
    } catch (error) {
      if (this.#rows.childElementCount > 0) {
        setChildren(place);
        this.watch();
        toastError(error);
      } else {
        const retry = button(t("common.try_again"), () => this.replace(read, onRead), { class: "plain" });
        setChildren(place, errorText(error.message), retry);
      }
      return;
    }
    setChildren(place);
    this.watch();
    if (!this.#scope.closed) onRead();
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
    if (reached.includes(this.older)) this.#extend(() => this.#timeline.loadOlder(), this.older);
    else if (reached.includes(this.newer)) this.#extend(() => this.#timeline.loadNewer(), this.newer);
  }
}
