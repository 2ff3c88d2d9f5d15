// Stores the token. localStorage if the user stays logged in: shared by all tabs, kept when the browser is
// closed. Otherwise sessionStorage: it ends with the tab, for shared computers. There is no cookie, so no
// other site can use the session. The token never appears in a URL.

const STORAGE_KEY = "convene.credentials";

export class Credentials {
  #stored = null;

  load() {
    this.#stored = storedIn(sessionStorage) ?? storedIn(localStorage);
    return this.#stored;
  }

  get token() {
    return this.#stored?.token ?? null;
  }

  // The card of the user, so that the page can be shown before the server answers.
  get user() {
    return this.#stored?.user ?? null;
  }

  save({ token, user }, persistent) {
    this.forget();
    const { id, username, display_name, avatar_url, verified } = user;
    this.#stored = { token, user: { id, username, display_name, avatar_url, verified } };
    (persistent ? localStorage : sessionStorage).setItem(STORAGE_KEY, JSON.stringify(this.#stored));
  }

  // Those of another user, who is logged in in another tab, stay.
  forget() {
    for (const storage of [sessionStorage, localStorage])
      if (storedIn(storage)?.token === this.token) storage.removeItem(STORAGE_KEY);
    this.#stored = null;
  }

  // Another tab logged out or in: this one must not continue as a different user.
  onChangedElsewhere(listener) {
    addEventListener("storage", (event) => {
      if (event.storageArea === localStorage && (event.key === STORAGE_KEY || event.key === null)) {
        const before = this.#stored?.token ?? null;
        if (sessionStorage.getItem(STORAGE_KEY) === null) this.load();
        if (this.token !== before) listener();
      }
    });
  }
}

function storedIn(storage) {
  try {
    const stored = JSON.parse(storage.getItem(STORAGE_KEY));
    return typeof stored?.token === "string" ? stored : null;
  } catch {
    return null;
  }
}
