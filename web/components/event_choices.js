// The categories of events, and which events of a series a change is for.

import { t } from "../i18n.js";

export const CATEGORIES = [
  "SOCIAL",
  "MUSIC",
  "SPORT",
  "FOOD",
  "CULTURE",
  "BOOKS",
  "GAMES",
  "OUTDOORS",
  "TECH",
  "LEARNING",
  "OTHER",
];
export const SCOPES = [
  ["one", t("events.only_this")],
  ["following", t("events.this_and_later")],
  ["all", t("events.all_of_series")],
];
