// The theme: that of the system, or the one that was chosen in this browser.

import { t } from "../i18n.js";

const STORAGE_KEY = "convene.theme";
export const THEMES = { system: t("theme.system"), light: t("theme.light"), dark: t("theme.dark") };

export function currentTheme() {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored in THEMES ? stored : "system";
}

export function applyTheme(theme = currentTheme()) {
  localStorage.setItem(STORAGE_KEY, theme);
  document.documentElement.dataset.theme = theme;
}
