// When and where an event takes place: in the time zones of the viewer and of the event, with a map and a link.

import { element } from "../components/dom.js";
import { formatRange } from "../components/time_format.js";
import { t } from "../i18n.js";
import { describeRule } from "../state/recurrence.js";
import { isSameClock, localZone } from "../state/time_zones.js";

const MAP = "https://www.openstreetmap.org/";
const MAP_ZOOM = 16;

export function eventTimes(event) {
  const { start_datetime: start, end_datetime: end, timezone } = event;
  const isElsewhere = !isSameClock(start, timezone, localZone()) || !isSameClock(end, timezone, localZone());
  return [
    element(
      "p",
      { class: "secondary" },
      isElsewhere ? t("events.your_time", { time: formatRange(start, end) }) : formatRange(start, end),
    ),
    isElsewhere &&
      element(
        "p",
        { class: "secondary" },
        `${formatRange(start, end, timezone)} (${timezone.replace(/_/g, " ")})`,
      ),
    event.series &&
      element("p", { class: "secondary" }, t("events.series", { rule: describeRule(event.series.rrule) })),
  ];
}

export function eventPlace(event) {
  const { place, url } = event;
  return [
    place &&
      element(
        "p",
        { class: "row wrap" },
        element("span", { dir: "auto" }, [place.name, place.address].filter(Boolean).join(", ")),
        externalLink(mapUrl(place), t("events.map")),
      ),
    url && element("p", { class: "content" }, externalLink(url, url)),
  ];
}

function mapUrl({ name, address, latitude, longitude }) {
  if (typeof latitude === "number" && typeof longitude === "number")
    return `${MAP}?mlat=${latitude}&mlon=${longitude}#map=${MAP_ZOOM}/${latitude}/${longitude}`;
  return `${MAP}search?query=${encodeURIComponent([name, address].filter(Boolean).join(", "))}`;
}

function externalLink(href, text) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}
