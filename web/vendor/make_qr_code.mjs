// Prints the encoder of the package `qr` as one module that exports `encodeQR`.

import { build } from "esbuild";

const { outputFiles } = await build({
  stdin: { contents: 'export { encodeQR } from "qr";', resolveDir: import.meta.dirname },
  bundle: true,
  minify: true,
  format: "esm",
  legalComments: "none",
  write: false,
});
process.stdout.write(
  `// The encoder of qr, made by make_qr_code.mjs. See qr_code.LICENSE.txt.\n${outputFiles[0].text}`,
);
