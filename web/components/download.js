// Offers a text as a file. Fetched before, because a link could not carry the token.

import { element } from "./dom.js";

const DOWNLOAD_MS = 60_000;

export function downloadText(text, title, extension, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const name = title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "event";
  const link = element("a", { download: `${name}.${extension}` });
  link.href = url;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MS);
}
