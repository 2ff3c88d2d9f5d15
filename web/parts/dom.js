// Elements made of names, attributes and children. A string among the children becomes text: what people
// wrote is never read as markup.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

// An attribute that is a function listens to the event of its name; null and false leave it out.
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "href") made.setAttribute(name, safe(value));
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...nodes(children));
  return made;
}

export function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
  return parent;
}

// The children are to be these, in this order: those that stay are not touched, so the focus stays too.
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of wanted) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}

// Only the client's own places and https lead anywhere.
function safe(address) {
  return /^(#|\/(?!\/)|https:\/\/)/.test(address) ? address : "#/";
}

let ids = 0;
export function newElementId(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

// For readers of the screen only.
export function hidden(text) {
  return element("span", { class: "hidden-text" }, text);
}
