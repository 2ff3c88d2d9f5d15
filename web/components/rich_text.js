// The text of a message: its Markdown subset as elements, with links to the users that it mentions.

import { parseMarkdown } from "../state/markdown.js";
import { element } from "./dom.js";
import { externalLink, linkify } from "./linkify.js";

const TAGS = {
  paragraph: "p",
  quote: "blockquote",
  bullets: "ul",
  item: "li",
  bold: "strong",
  italic: "em",
  code: "code",
};

// One paragraph is inline, so that the time of the message can follow in its last line.
export function richText(text) {
  const nodes = parseMarkdown(text);
  const [[name, ...children]] = nodes;
  return (nodes.length === 1 && name === "paragraph" ? children : nodes).flatMap(render);
}

function render(node) {
  if (typeof node === "string") return linkify(node);
  const [name, ...children] = node;
  switch (name) {
    case "link":
      return externalLink(children[0], children.slice(1).flatMap(renderLabel));
    case "numbers":
      return element("ol", { start: children[0] }, children.slice(1).flatMap(render));
    case "code-block":
      return element("pre", { tabindex: "0" }, element("code", {}, children[0]));
    case "code":
      return element("code", {}, children);
    default:
      return element(TAGS[name], {}, children.flatMap(render));
  }
}

// Inside of a link nothing else is one.
function renderLabel(node) {
  if (typeof node === "string") return node;
  const [name, ...children] = node;
  return element(TAGS[name], {}, children.flatMap(renderLabel));
}
