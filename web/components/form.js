// A form that shows the errors of its submission: field errors of a problem document at their fields, other
// errors above the button. While a submission runs, the button is disabled.

import { t } from "../i18n.js";
import { element, newElementId, setChildren } from "./dom.js";

// Error codes that concern one field.
const FIELD_OF_CODE = {
  "user.email_taken": "email",
  "user.username_taken": "username",
  "registration.invite_required": "invite_code",
  "event.capacity_below_going": "capacity",
};

export class Form {
  #fields = new Map();
  #error = element("p", { class: "error-text", role: "alert", hidden: true });
  #button;

  // `fields`: `Field`s and other elements. `send(values)` may throw `Refused`.
  constructor(fields, { submit, send, className = "", destructive = false }) {
    this.#button = element("button", { type: "submit", class: destructive ? "danger" : "primary" }, submit);
    this.element = element("form", { novalidate: true, class: `form ${className}` });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(send);
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
    });
    for (const one of fields) {
      if (one instanceof Field) this.#fields.set(one.name, one);
      this.element.append(one instanceof Field ? one.element : one);
    }
    this.element.append(this.#error, element("div", { class: "row end" }, this.#button));
  }

  get values() {
    return Object.fromEntries([...this.#fields].map(([name, field]) => [name, field.value]));
  }

  clear() {
    for (const field of this.#fields.values()) field.value = "";
  }

  clearPasswords() {
    for (const field of this.#fields.values()) {
      if (field.input.autocomplete.includes("password")) field.value = "";
    }
  }

  async #submit(send) {
    if (this.#button.disabled) return;
    this.#showErrors([], "");
    const errors = [...this.#fields.values()]
      .map((field) => ({ field: field.name, detail: field.problem }))
      .filter(({ detail }) => detail !== null);
    if (errors.length > 0) {
      this.#showErrors(errors, "");
      return;
    }
    const hadFocus = this.#button === document.activeElement;
    this.#button.disabled = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      await send(this.values);
    } catch (error) {
      const field = FIELD_OF_CODE[error.code];
      this.#showErrors(field ? [{ field, detail: error.message }] : (error.errors ?? []), error.message);
    } finally {
      this.#button.disabled = false;
      this.element.removeAttribute("aria-busy");
      // It was lost with the disabled button, unless it is at a field with an error.
      if (hadFocus && document.activeElement === document.body) this.#button.focus();
    }
  }

  // `fallback` is shown if no error has a field.
  #showErrors(errors, fallback) {
    for (const field of this.#fields.values()) field.error = "";
    const atFields = errors.filter(({ field }) => this.#fields.has(field));
    for (const { field, detail } of atFields) this.#fields.get(field).error = this.#withLabels(detail);
    const others = errors
      .filter(({ field }) => !this.#fields.has(field))
      .map(({ field, detail }) => `${field}: ${detail}`);
    const text = others.length > 0 ? others.join(" ") : atFields.length > 0 ? "" : fallback;
    this.#error.hidden = !text;
    this.#error.textContent = text;
    if (atFields.length > 0) this.#fields.get(atFields[0].field).focus();
  }

  // The server uses the API's field names; people see the labels.
  #withLabels(detail) {
    return detail.replace(/\b\w+_\w+\b/g, (name) =>
      this.#fields.has(name) ? `“${this.#fields.get(name).label}”` : name,
    );
  }
}

export class Field {
  #input;
  #error;

  constructor(name, label, { kind = "input", hint = "", value = "", required = false, ...attributes } = {}) {
    const id = newElementId(name);
    this.name = name;
    this.label = label;
    this.required = required;
    this.#error = element("p", { class: "field-error", id: `${id}-error`, hidden: true });
    this.#input = element(kind, {
      id,
      name,
      "aria-describedby": `${hint ? `${id}-hint ` : ""}${id}-error`,
      "aria-required": required,
      ...attributes,
    });
    this.#input.value = value ?? "";
    const optional = required ? null : element("span", { class: "optional" }, ` ${t("form.optional")}`);
    this.element = element(
      "div",
      { class: "field" },
      element("label", { for: id }, label, optional),
      attributes.type === "password" ? passwordField(this.#input) : this.#input,
      hint && element("p", { class: "hint", id: `${id}-hint` }, hint),
      this.#error,
    );
  }

  get value() {
    return this.#input.value;
  }

  set value(value) {
    this.#input.value = value ?? "";
  }

  set error(text) {
    this.#error.hidden = !text;
    this.#input.setAttribute("aria-invalid", text ? "true" : "false");
    setChildren(this.#error, text);
  }

  // What the input does not accept, as a text, or null. A hidden field is not sent.
  get problem() {
    if (this.element.hidden) return null;
    const { type, validity, min, max } = this.#input;
    const value = this.value.trim();
    if (validity.badInput) return t(type === "number" ? "form.whole_number" : "refused.field_invalid");
    if (this.required && !value) return t("form.required", { field: this.label });
    if (validity.rangeUnderflow) return t("form.at_least", { min: Number(min) });
    if (validity.rangeOverflow) return t("form.at_most", { max: Number(max) });
    if (type === "number" && validity.stepMismatch) return t("form.whole_number");
    const isNoUrl = type === "url" && value && (validity.typeMismatch || !/^https?:\/\//i.test(value));
    return isNoUrl ? t("form.web_address") : null;
  }

  get input() {
    return this.#input;
  }

  focus() {
    this.#input.focus();
  }
}

// What `send` of a form throws to show a text at a field.
export function fieldError(field, detail) {
  return Object.assign(new Error(detail), { errors: [{ field, detail }] });
}

// Adds a button that shows the password.
function passwordField(input) {
  const toggle = element(
    "button",
    { type: "button", class: "link", "aria-pressed": "false" },
    t("form.show_password"),
  );
  toggle.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    toggle.textContent = shown ? t("form.hide_password") : t("form.show_password");
    toggle.setAttribute("aria-pressed", String(shown));
  });
  return element("div", { class: "row password-field" }, input, toggle);
}

// A choice. `choices`: value -> text, or value -> [text, ...]. The first one is chosen.
export function selectField(name, label, choices) {
  const field = new Field(name, label, { kind: "select", required: true });
  const options = Object.entries(choices).map(([value, text]) =>
    element("option", { value }, [text].flat()[0]),
  );
  field.input.append(...options);
  [field.value] = Object.keys(choices);
  return field;
}
