// QR codes as SVG. The encoder is loaded when the first one is shown.

import { t } from "../i18n.js";
import { element, errorText, setChildren, svg } from "./dom.js";

const QUIET_ZONE = 4;

export function qrCode(text, label) {
  const container = element("div", { class: "qr-code", role: "img", "aria-label": label });
  draw(container, text).catch(() => setChildren(container, errorText(t("check_in.code_failed"))));
  return container;
}

async function draw(container, text) {
  const { encodeQR } = await import("../vendor/qr_code.js");
  const rows = encodeQR(text, "raw", { border: QUIET_ZONE });
  const path = rows
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
  setChildren(
    container,
    svg(
      "svg",
      { viewBox: `0 0 ${rows.length} ${rows.length}`, "aria-hidden": "true" },
      svg("path", { d: path }),
    ),
  );
}
