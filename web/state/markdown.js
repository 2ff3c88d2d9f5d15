// The Markdown subset of messages, as a tree: bold, italic, code, code blocks, quotes, lists and links.
// Everything else stays the text that it is; `tests/markdown_cases.json` has the cases.
//
// A node is a string, or `[name, ...children]` with the names "paragraph", "quote", "bullets", "numbers",
// "item", "code-block", "bold", "italic", "code" and "link". The first child of "link" is the address, that of
// "numbers" the first number.

import { MarkdownIt } from "../vendor/markdown_parser.js";
import { safeAddress } from "./web_address.js";

const BLOCKS = ["blockquote", "fence", "list"];
const INLINE = ["backticks", "emphasis", "escape", "link", "newline"];
// Text that is nested deeper is shown as it was written.
const MAX_NESTING = 16;
const ADDRESS = /^\/\/[^\s<>"'`]+/;
const SCHEME = /(?:^|[^a-z0-9])(https?)$/i;
// What looks like an address in the text of a link.
const LABEL = /https?:\/\/[^\s]+|[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/iu;
const TRAILING_PUNCTUATION = /[.,;:!?)\]}'"…*]+$/;
const NAMES = {
  paragraph_open: "paragraph",
  blockquote_open: "quote",
  bullet_list_open: "bullets",
  ordered_list_open: "numbers",
  list_item_open: "item",
  strong_open: "bold",
  em_open: "italic",
  link_open: "link",
};

const parser = new MarkdownIt("zero", { breaks: true, maxNesting: MAX_NESTING });
parser.enable([...BLOCKS, ...INLINE]);
parser.validateLink = (address) => safeAddress(address) !== null;
parser.normalizeLink = safeAddress;
parser.normalizeLinkText = (text) => text;
// Before the rules that would take `_` and `*` out of an address.
parser.inline.ruler.before("newline", "address", takeAddress);

// The nodes of a message.
export function parseMarkdown(text) {
  const tokens = parser.parse(text, {});
  if (tokens.some((one) => one.level >= MAX_NESTING - 1)) return [["paragraph", text]];
  const nodes = toNodes(tokens);
  // A lone list mark or quote mark is a text.
  return plainTextOf(nodes) === "" ? [["paragraph", text]] : nodes;
}

// The text without marks, for places that show one line.
export function plainText(text) {
  return plainTextOf(parseMarkdown(text));
}

function plainTextOf(nodes) {
  const texts = nodes.map((node) => {
    if (typeof node === "string") return node;
    const [name, ...children] = node;
    const text = plainTextOf(name === "link" || name === "numbers" ? children.slice(1) : children);
    return ["bold", "italic", "code", "link"].includes(name) ? text : `${text} `;
  });
  return texts.join("").trimEnd();
}

function toNodes(tokens) {
  const root = [];
  const open = [root];
  for (const token of tokens) {
    if (token.nesting === 1) {
      const node = [NAMES[token.type]];
      if (token.type === "link_open") node.push(token.attrGet("href"));
      if (token.type === "ordered_list_open") node.push(Number(token.attrGet("start") ?? 1));
      open.at(-1).push(node);
      open.push(node);
    } else if (token.nesting === -1) {
      const node = open.pop();
      if (node[0] === "link") showAddress(node);
    } else if (token.type === "inline") for (const node of toNodes(token.children)) append(open.at(-1), node);
    else append(open.at(-1), leaf(token));
  }
  return root;
}

// A link without a text, or with that of another site, shows its address.
function showAddress(link) {
  const [, href, ...children] = link;
  const label = plainTextOf(children);
  const shown = safeAddress(LABEL.exec(label)?.[0].replace(/^(?!https?:)/i, "https:"));
  if (label.trim() === "") link.splice(2, children.length, href);
  else if (shown !== null && new URL(shown).host !== new URL(href).host)
    link.push(` (${new URL(href).host})`);
}

function leaf({ type, content }) {
  switch (type) {
    case "code_inline":
      return ["code", content];
    case "fence":
      return ["code-block", content.replace(/\n$/, "")];
    case "hardbreak":
    case "softbreak":
      return "\n";
    default:
      return content;
  }
}

// Joins neighbouring texts.
function append(parent, node) {
  if (
    typeof node === "string" &&
    parent.length > 1 &&
    typeof parent.at(-1) === "string" &&
    parent[0] !== "link"
  )
    parent.push(parent.pop() + node);
  else if (node !== "") parent.push(node);
}

// An inline rule, called at each `:`. The scheme before it was already taken as text.
function takeAddress(state, silent) {
  if (state.src[state.pos] !== ":" || state.linkLevel > 0) return false;
  const scheme = SCHEME.exec(state.pending)?.[1];
  const rest = scheme && ADDRESS.exec(state.src.slice(state.pos + 1))?.[0].replace(TRAILING_PUNCTUATION, "");
  const text = `${scheme}:${rest}`;
  const href = rest ? safeAddress(text) : null;
  if (href === null) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("link_open", "a", 1).attrs = [["href", href]];
    state.push("text", "", 0).content = text;
    state.push("link_close", "a", -1);
  }
  state.pos += rest.length + 1;
  return true;
}
