// Prints the encoder of the package `qr` as one module that exports `encodeQR`.

import { build } from "esbuild";

const { outputFiles } = await build({
  stdin: { contents: 'export { encodeQR } from "qr";', resolveDir: import.meta.dirname },
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "bundled",
  legalComments: "none",
  write: false,
});
process.stdout.write(
  "// The encoder of qr, made by make_qr_code.mjs. See qr_code.LICENSE.txt.\n" +
    `export const encodeQR = (() => {\n${outputFiles[0].text}return bundled.encodeQR;\n})();\n`,
);
