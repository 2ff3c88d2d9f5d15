// A place to write something short: a text field that grows, a count of what is left in code points, and
// a button that works while there is something to send. What was written is kept until it was taken.

import { IdempotencyKey } from "../wire/idempotency_key.js";
import { element, newElementId } from "./dom.js";
import { length } from "./words.js";

export function writing({ label, most, submit, send, rows = 2, className = "" }) {
  const id = newElementId("writing");
  const idempotencyKey = new IdempotencyKey();
  const count = element("span", { class: "count", "aria-hidden": "true" });
  const trouble = element("p", { class: "trouble", role: "alert", hidden: true });
  const sending = element("button", { type: "submit", class: "primary", disabled: true }, submit);
  const input = element("textarea", {
    id,
    rows,
    dir: "auto",
    placeholder: label,
    "aria-describedby": `${id}-left`,
  });
  const left = element("span", { id: `${id}-left`, class: "hidden-text" }, `At most ${most} characters.`);
  let busy = false;

  function measure() {
    const written = length(input.value);
    count.textContent = written === 0 ? "" : String(most - written);
    count.classList.toggle("over", written > most);
    sending.disabled = busy || written === 0 || written > most;
    if (written > most) left.textContent = `${written - most} characters too many.`;
    else
      left.textContent =
        written > most - 20 ? `${most - written} characters left.` : `At most ${most} characters.`;
  }

  async function submitted(event) {
    event.preventDefault();
    if (sending.disabled) return;
    const content = input.value.trim();
    busy = true;
    trouble.hidden = true;
    measure();
    try {
      await send(content, idempotencyKey.keyFor(content));
      idempotencyKey.clear();
      input.value = "";
    } catch (error) {
      trouble.textContent = error.errors?.[0]?.detail ?? error.message;
      trouble.hidden = false;
    }
    busy = false;
    measure();
  }

  const form = element(
    "form",
    { class: `writing ${className}`, onsubmit: submitted, novalidate: true },
    element("label", { class: "hidden-text", for: id }, label),
    input,
    trouble,
    element("div", { class: "row end" }, left, count, sending),
  );
  input.addEventListener("input", measure);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return { element: form, focus: () => input.focus() };
}
