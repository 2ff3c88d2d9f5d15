// Whether the user sees this window: it is visible and has the focus.

export function isInFront() {
  return document.visibilityState === "visible" && document.hasFocus();
}
