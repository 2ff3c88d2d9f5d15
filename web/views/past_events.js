// The past events that the user went to or hosted, the latest first: a page of the list is a year.

import { element, emptyState } from "../components/dom.js";
import { eventCard } from "../components/event_card.js";
import { PagedList } from "../components/paged_list.js";
import { t } from "../i18n.js";
import { readPages } from "../network/pages.js";

const PAGE = 100;
const MAX_PAGES = 10;
const RELATIONS = ["going", "hosting"];

export function pastEvents(session) {
  const now = new Date();
  const list = new PagedList({
    read: async (year) => {
      await session.loadProfile();
      // Before the account existed there is nothing, but hosts may enter events that are over.
      const first = new Date(session.user.created_at).getFullYear() - 1;
      return readYear(session, year ?? now.getFullYear(), first, now);
    },
    render: eventCard,
    empty: emptyState(
      t("events.no_past"),
      element("a", { href: "#/events/new", class: "button plain" }, t("events.create")),
    ),
  });
  list.load();
  return list.element;
}

// A page of `PagedList`. Years without events are passed over.
async function readYear(session, last, first, now) {
  for (let year = last; ; year -= 1) {
    const items = await eventsOf(session, year, now);
    const next = year > first ? year - 1 : null;
    if (items.length > 0 || next === null) return { items, next_cursor: next };
  }
}

async function eventsOf(session, year, now) {
  const byId = new Map();
  for (const mine of RELATIONS) {
    const query = {
      mine,
      from: new Date(year, 0, 1).toISOString(),
      to: new Date(Math.min(now, new Date(year + 1, 0, 1) - 1)).toISOString(),
      limit: PAGE,
    };
    const { items } = await readPages((cursor) => session.api.get("/v1/events", { ...query, cursor }), MAX_PAGES);
    for (const event of items) byId.set(event.id, event);
  }
  return [...byId.values()]
    .filter((event) => new Date(event.end_datetime) < now)
    .sort((one, other) => (one.start_datetime < other.start_datetime ? 1 : -1));
}
