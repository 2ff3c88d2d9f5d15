// Opens the operation that the address names, and filters the list. The page works without it.
"use strict";

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = named && named.closest("details");
  if (details) {
    details.open = true;
    details.scrollIntoView();
  }
}

const filter = document.getElementById("filter");
filter.hidden = false;
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const group of document.querySelectorAll("nav section")) {
    let left = 0;
    for (const item of group.querySelectorAll("li")) {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
      left += item.hidden ? 0 : 1;
    }
    group.hidden = left === 0;
  }
});
addEventListener("hashchange", openNamed);
openNamed();
