// Calls functions when an element comes on screen and when it leaves it, also by being removed from the page.

const callbacks = new WeakMap();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const known = callbacks.get(target);
    if (known.isShown === isIntersecting) continue;
    known.isShown = isIntersecting;
    if (isIntersecting) known.onShow();
    else known.onHide();
  }
});

export function whileOnScreen(element, onShow, onHide) {
  callbacks.set(element, { onShow, onHide, isShown: false });
  observer.observe(element);
}
