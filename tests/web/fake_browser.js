// Storage and events of a window, for modules that use those of the browser. Import it before them.

export class FakeStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => this.items.set(key, String(value));
  removeItem = (key) => this.items.delete(key);
}

// Replaces both storages of the process, and its listeners, for one test.
export function fakeBrowser(context) {
  const target = new EventTarget();
  const fakes = {
    localStorage: new FakeStorage(),
    sessionStorage: new FakeStorage(),
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
  };
  const before = Object.fromEntries(
    Object.keys(fakes).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]),
  );
  for (const [name, value] of Object.entries(fakes))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  context.after(() => {
    for (const [name, descriptor] of Object.entries(before))
      if (descriptor === undefined) delete globalThis[name];
      else Object.defineProperty(globalThis, name, descriptor);
  });
  return {
    ...fakes,
    // What another tab has changed.
    emit: (name, fields = {}) => target.dispatchEvent(Object.assign(new Event(name), fields)),
  };
}
