// Which conversations the filter of the list shows: those with a name, or a username, that contains the text. Case and
// accents do not matter.

export function matchesFilter(text, names) {
  const wanted = fold(text.trim().replace(/^@/, ""));
  return names.some((name) => fold(name).includes(wanted));
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase().toLowerCase();
}
