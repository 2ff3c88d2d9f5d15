// What the server searches for, see `actors/search_text.py`.

const SEARCH_CHARACTERS_MIN = 2;

// The name in a search field for users.
export function userSearchText(text) {
  return text.trim().replace(/^@/, "");
}

// Whether the server searches for `text`. Separators do not count.
export function isSearchable(text) {
  return (text.match(/[\p{L}\p{M}\p{N}\p{So}\p{Sk}]/gu) ?? []).length >= SEARCH_CHARACTERS_MIN;
}
