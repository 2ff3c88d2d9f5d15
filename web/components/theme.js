// The theme: that of the system, or the one that was chosen in this browser.

const STORAGE_KEY = "convene.theme";
export const THEMES = { system: "System", light: "Light", dark: "Dark" };

export function currentTheme() {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored in THEMES ? stored : "system";
}

export function applyTheme(theme = currentTheme()) {
  localStorage.setItem(STORAGE_KEY, theme);
  document.documentElement.dataset.theme = theme;
}
