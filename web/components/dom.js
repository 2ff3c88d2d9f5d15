// Creates DOM elements from names, attributes and children. Strings become text nodes, never markup.

import { formatNumber, t } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

// A function is a listener for the event in its name (`onclick`). null, undefined and false are left out.
function build(target, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") target.addEventListener(name.slice(2), value);
    else if (name === "href") target.setAttribute(name, safeUrl(value));
    else target.setAttribute(name, value === true ? "" : String(value));
  }
  target.append(...toNodes(children));
  return target;
}

function toNodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(textOf(child))));
}

// Numbers are written as in the language of the client.
function textOf(child) {
  return typeof child === "number" ? formatNumber(child) : String(child);
}

export function setChildren(parent, ...children) {
  parent.replaceChildren(...toNodes(children));
  return parent;
}

// Makes `wanted` the children of `parent`. Elements that stay are not moved, so they keep the focus.
export function reconcile(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of wanted) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}

// Links lead to the client's own routes, paths of this server, web pages, or calendars.
function safeUrl(url) {
  return /^(#|\/(?!\/)|https?:\/\/|webcal:\/\/)/.test(url) ? url : "#/";
}

let lastId = 0;
export function newElementId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

export function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

// A listener that does nothing while its last call runs. Unlike a disabled button, its button keeps the focus.
export function oneAtATime(run) {
  let isRunning = false;
  return async (event) => {
    if (isRunning) return;
    isRunning = true;
    try {
      await run(event);
    } finally {
      isRunning = false;
    }
  };
}

// Moves the focus to the first link or button of an element, which may be one itself.
export function focusFirst(parent) {
  const first = parent?.matches("a, button") ? parent : parent?.querySelector("a, button");
  first?.focus({ preventScroll: true });
}

// Runs `render`, which builds what is in `parent` again, or moves it. A control that had the focus has it afterwards, or the
// one with the same text, or else the first one.
export function keepFocus(parent, render) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  render();
  if (focused === null || focused === document.activeElement) return;
  const stops = [...parent.querySelectorAll("a, button, [tabindex]")];
  const hasText = (one) => one.textContent === focused.textContent;
  const again = stops.find((one) => one === focused) ?? stops.find(hasText) ?? stops[0];
  again?.focus({ preventScroll: true });
}

// Text for screen readers only.
export function visuallyHidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}

// A sentence for an empty list or page, with at most one action.
export function emptyState(text, action = null) {
  return element("div", { class: "empty-state" }, element("p", { class: "secondary" }, text), action);
}

export function errorText(text) {
  return element("p", { class: "error-text", role: "alert" }, text);
}

// Placeholder of a list that is being loaded.
export function skeleton() {
  const rows = Array.from({ length: 4 }, () => element("span"));
  return element("div", { class: "skeleton", role: "status", "aria-label": t("common.loading") }, rows);
}

// Placeholder of the next page of a list.
export function loadingText() {
  const dots = Array.from({ length: 3 }, () => element("span"));
  return element("div", { class: "loading", role: "status", "aria-label": t("common.loading") }, dots);
}
