// Where the token is kept. In localStorage when one asks to stay logged in: all tabs share it, and it
// outlives the browser. Otherwise in sessionStorage: it ends with the tab, for machines that others use.
// No cookie, so no other site can make a browser use it. The token never stands in a URL.

const PLACE = "convene.credentials";

export class Credentials {
  #kept = null;

  load() {
    for (const storage of [sessionStorage, localStorage]) {
      try {
        const kept = JSON.parse(storage.getItem(PLACE) ?? "null");
        if (typeof kept?.token === "string") {
          this.#kept = kept;
          return kept;
        }
      } catch {
        storage.removeItem(PLACE);
      }
    }
    return null;
  }

  get token() {
    return this.#kept?.token ?? null;
  }

  keep({ token, user }, lasting) {
    this.forget();
    this.#kept = { token, userId: user.id };
    (lasting ? localStorage : sessionStorage).setItem(PLACE, JSON.stringify(this.#kept));
  }

  forget() {
    this.#kept = null;
    sessionStorage.removeItem(PLACE);
    localStorage.removeItem(PLACE);
  }

  // Another tab logged out or in: this one is not to go on as somebody else.
  onChangedElsewhere(listener) {
    addEventListener("storage", (event) => {
      if (event.storageArea === localStorage && (event.key === PLACE || event.key === null)) {
        const before = this.#kept?.token ?? null;
        if (sessionStorage.getItem(PLACE) === null) {
          this.#kept = null;
          this.load();
        }
        if (this.token !== before) listener();
      }
    });
  }
}
