// What the server searches for, see `actors/search_text.py`, and how it compares texts.

const SEARCH_CHARACTERS_MIN = 2;

// The name in a search field for users.
export function userSearchText(text) {
  return text.trim().replace(/^@/, "");
}

// Whether the server searches for `text`. Separators do not count.
export function isSearchable(text) {
  return (text.match(/[\p{L}\p{M}\p{N}\p{So}\p{Sk}]/gu) ?? []).length >= SEARCH_CHARACTERS_MIN;
}

// Folds a text as `storage/text_folding.py` does. JavaScript has no full case folding: upper case of lower case comes
// close, and the server's answer decides.
export function foldText(text) {
  return text.normalize("NFKC").toLowerCase().toUpperCase().normalize("NFKC");
}

const STROKES = { Ł: "L", Ø: "O", Đ: "D" };

// A folded text as `storage/search_words.py` has it besides.
export function withoutAccents(folded) {
  const plain = folded.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  return plain.replace(/[ŁØĐ]/g, (letter) => STROKES[letter]).normalize("NFC");
}
