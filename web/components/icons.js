// Icons, drawn as strokes in the color of the text. Each has a visible label next to it or one for screen readers.

import { svg } from "./dom.js";

const PATHS = {
  home: ["M4 11.5 12 4l8 7.5", "M6 10v10h12V10", "M10 20v-6h4v6"],
  people: [
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
    "M2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6",
    "M16 4.4a3.5 3.5 0 0 1 0 6.2",
    "M18 14.4c2 .8 3.2 2.7 3.5 5.6",
  ],
  event: ["M4 6h16v14H4z", "M4 10.5h16", "M8 3.5V8", "M16 3.5V8"],
  message: ["M4 5h16v11H10l-4.5 4V16H4z"],
  bell: ["M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15z", "M10 21h4"],
  settings: [
    "M4 7h9",
    "M17 7h3",
    "M15 5v4",
    "M4 12h3",
    "M11 12h9",
    "M9 10v4",
    "M4 17h9",
    "M17 17h3",
    "M15 15v4",
  ],
  flag: ["M6 21V4", "M6 4.5h11.5l-2.5 4 2.5 4H6"],
  heart: ["M12 20C5 15 3.5 11.8 3.5 9A4.3 4.3 0 0 1 12 7.2 4.3 4.3 0 0 1 20.5 9c0 2.8-1.5 6-8.5 11Z"],
  comment: ["M4 5h16v11H10l-4.5 4V16H4z"],
  bookmark: ["M7 4h10v16l-5-4-5 4Z"],
  repost: [
    "M5 10V8.5A2.5 2.5 0 0 1 7.5 6H18",
    "M15 3l3 3-3 3",
    "M19 14v1.5a2.5 2.5 0 0 1-2.5 2.5H6",
    "M9 21l-3-3 3-3",
  ],
  more: ["M5.5 12h.01", "M12 12h.01", "M18.5 12h.01"],
  back: ["M15 5l-7 7 7 7"],
  forward: ["M9 5l7 7-7 7"],
  send: ["M4 12h14", "M12 5.5 18.5 12 12 18.5"],
  plus: ["M12 5v14", "M5 12h14"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  checks: ["M2.5 12.5 7 17 16 7.5", "M11.5 16.5l.5.5 9.5-9.5"],
  reply: ["M10 6 4.5 11.5 10 17", "M5 11.5h9a5.5 5.5 0 0 1 5.5 5.5v1.5"],
  smile: [
    "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z",
    "M8.5 14c1.7 2.3 5.3 2.3 7 0",
    "M9.2 9.5h.01",
    "M14.8 9.5h.01",
  ],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  muted: ["M6 17V11a6 6 0 0 1 8.5-5.4", "M18 11v6l1.5 1.5h-13", "M4 4l16 16"],
};

export function icon(name) {
  const paths = PATHS[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    ...paths,
  );
}
