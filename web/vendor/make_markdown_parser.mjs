// Prints markdown-it as one module that exports the class `MarkdownIt`.
//
// The client enables no rule that decodes entities, finds links in text or encodes addresses, so the packages
// for these are replaced by empty ones. They would be two thirds of the size.

import { build } from "esbuild";

const UNUSED = {
  entities: "export const decodeHTMLStrict = (text) => text;",
  "linkify-it": "export class LinkifyIt {}",
  "punycode.js": "export default {};",
  mdurl: "export const [encode, decode, parse, format] = [String, String, String, String];",
};

const leaveOut = {
  name: "leave-out",
  setup(bundler) {
    bundler.onResolve({ filter: /.*/ }, ({ path }) => (path in UNUSED ? { path, namespace: "unused" } : null));
    bundler.onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({ contents: UNUSED[path] }));
  },
};

const { outputFiles } = await build({
  stdin: { contents: 'export { default } from "markdown-it";', resolveDir: import.meta.dirname },
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "bundled",
  legalComments: "none",
  plugins: [leaveOut],
  write: false,
});
process.stdout.write(
  "// markdown-it, made by make_markdown_parser.mjs. See markdown_parser.LICENSE.txt.\n" +
    `export const MarkdownIt = (() => {\n${outputFiles[0].text}return bundled.default;\n})();\n`,
);
