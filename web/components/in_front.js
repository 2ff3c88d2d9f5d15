// Whether the user sees this window: it is visible and has the focus.

const LOCK = "convene.in_front";
let end = null;

export function isInFront() {
  return document.visibilityState === "visible" && document.hasFocus();
}

// Lets other tabs of this browser know, by a lock, whether this window is in front. Insecure origins have no locks.
export function shareInFront() {
  const share = () => {
    if (isInFront() === (end !== null)) return;
    if (end === null) {
      const ended = new Promise((resolve) => (end = resolve));
      navigator.locks?.request(LOCK, { mode: "shared" }, () => ended);
    } else {
      end();
      end = null;
    }
  };
  for (const name of ["focus", "blur"]) addEventListener(name, share);
  document.addEventListener("visibilitychange", share);
  share();
}

// Whether any tab is in front.
export async function isAnyInFront() {
  const locks = await navigator.locks?.query();
  return isInFront() || (locks?.held.some(({ name }) => name === LOCK) ?? false);
}
