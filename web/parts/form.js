// A form whose faults are shown where they belong: those of the server's problem beside their fields, all
// else above the button. It is sent once at a time, and never by the browser itself.

import { element, fill, newElementId } from "./dom.js";

// Refusals that are about one field, though they are no faults of input.
const FIELDS = {
  "user.email_taken": "email",
  "user.username_taken": "username",
  "event.capacity_below_going": "capacity",
};

export class Form {
  #fields = new Map();
  #trouble = element("p", { class: "trouble", role: "alert", hidden: true });
  #button;

  // `fields` are made by `field`, or any element; `send(values)` may raise `Refused`.
  constructor(fields, { submit, send, className = "" }) {
    this.#button = element("button", { type: "submit", class: "primary" }, submit);
    this.element = element("form", { novalidate: true, class: `form ${className}` });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(send);
    });
    for (const one of fields) {
      if (one instanceof Field) this.#fields.set(one.name, one);
      this.element.append(one instanceof Field ? one.element : one);
    }
    this.element.append(this.#trouble, element("div", { class: "row end" }, this.#button));
  }

  get values() {
    return Object.fromEntries([...this.#fields].map(([name, one]) => [name, one.value]));
  }

  field(name) {
    return this.#fields.get(name);
  }

  clear() {
    for (const one of this.#fields.values()) one.value = "";
  }

  async #submit(send) {
    if (this.#button.disabled) return;
    this.#tell([], "");
    const missing = [...this.#fields.values()].filter((one) => one.required && !one.value.trim());
    if (missing.length > 0) {
      this.#tell(
        missing.map(({ name }) => ({ field: name, detail: "Please fill this in." })),
        "",
      );
      return;
    }
    this.#button.disabled = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      await send(this.values);
    } catch (error) {
      const field = FIELDS[error.code];
      this.#tell(field ? [{ field, detail: error.message }] : (error.errors ?? []), error.message);
    } finally {
      this.#button.disabled = false;
      this.element.removeAttribute("aria-busy");
    }
  }

  #tell(errors, otherwise) {
    for (const one of this.#fields.values()) one.fault = "";
    const beside = errors.filter(({ field }) => this.#fields.has(field));
    for (const { field, detail } of beside) this.#fields.get(field).fault = this.#inWords(detail);
    const elsewhere = errors
      .filter(({ field }) => !this.#fields.has(field))
      .map(({ field, detail }) => `${field}: ${detail}`);
    const words = elsewhere.length > 0 ? elsewhere.join(" ") : beside.length > 0 ? "" : otherwise;
    this.#trouble.hidden = !words;
    this.#trouble.textContent = words;
    if (beside.length > 0) this.#fields.get(beside[0].field).focus();
  }

  // The server names fields as the contract does; people know their labels.
  #inWords(detail) {
    return detail.replace(/\b\w+_\w+\b/g, (name) =>
      this.#fields.has(name) ? `“${this.#fields.get(name).label}”` : name,
    );
  }
}

export class Field {
  #input;
  #fault;
  #hint;

  constructor(name, label, { kind = "input", hint = "", value = "", required = false, ...attributes } = {}) {
    const id = newElementId(name);
    this.name = name;
    this.label = label;
    this.required = required;
    this.#fault = element("p", { class: "fault", id: `${id}-fault`, hidden: true });
    this.#hint = hint && element("p", { class: "hint", id: `${id}-hint` }, hint);
    this.#input = element(kind, {
      id,
      name,
      "aria-describedby": `${hint ? `${id}-hint ` : ""}${id}-fault`,
      "aria-required": required,
      ...attributes,
    });
    this.#input.value = value ?? "";
    const mark = required ? null : element("span", { class: "optional" }, " optional");
    this.element = element(
      "div",
      { class: "field" },
      element("label", { for: id }, label, mark),
      this.#input,
      this.#hint,
      this.#fault,
    );
  }

  get value() {
    return this.#input.value;
  }

  set value(value) {
    this.#input.value = value ?? "";
  }

  set fault(words) {
    this.#fault.hidden = !words;
    this.#input.setAttribute("aria-invalid", words ? "true" : "false");
    fill(this.#fault, words);
  }

  get input() {
    return this.#input;
  }

  focus() {
    this.#input.focus();
  }
}
