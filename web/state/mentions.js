// Usernames in text: `@name`. The rule is that of the server; `tests/mention_cases.json` has the cases.
//
// A name begins and ends with a letter or digit and has no two dots in a row, so that punctuation after it does
// not belong to it. What continues as another word, an address or a URL is no mention.

const NAME = "[a-z0-9](?:(?:\\.?[a-z0-9_])*\\.?[a-z0-9])?";
// Latin letters with marks, and combining marks. Scripts without spaces may follow a name directly.
const WORD = "a-z0-9_\\u00aa-\\u024f\\u0300-\\u036f\\u1e00-\\u1eff";
const MIN_LENGTH = 3;
const MAX_LENGTH = 50;

// The source of a regular expression for the flags `gi`. The name is found with its `@`.
export const MENTION = `(?<![${WORD}@./])@${NAME}(?![${WORD}@]|://|\\.[a-z0-9_])`;

// The username of a match, in lower case; null if its length is not that of a username.
export function usernameOf(found) {
  const name = found.slice(1).toLowerCase();
  return name.length < MIN_LENGTH || name.length > MAX_LENGTH ? null : name;
}

// The usernames that a text mentions, in lower case, each once, in order.
export function findMentions(text) {
  const names = [...text.matchAll(new RegExp(MENTION, "gi"))].map(([found]) => usernameOf(found));
  return [...new Set(names)].filter((name) => name !== null);
}
