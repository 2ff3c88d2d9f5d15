// The emoji of `web/vendor/`, found by name and shown in a skin tone. A tone is 0 (none) to 5.

import { currentLanguage, t } from "../i18n.js";

export const SKIN_TONES = [
  t("emoji.default"),
  t("emoji.light"),
  t("emoji.medium_light"),
  t("emoji.medium"),
  t("emoji.medium_dark"),
  t("emoji.dark"),
];
const TONE_KEY = "convene.skin_tone";
// Of languages other than that of the data.
const NAMES = { de: () => import("../vendor/emoji_names_de.js") };

// The emoji by group, named in the language of the client.
export async function loadEmoji() {
  const [{ EMOJI_GROUPS }, named] = await Promise.all([
    import("../vendor/emoji_data.js"),
    NAMES[currentLanguage()]?.(),
  ]);
  return named === undefined ? EMOJI_GROUPS : withNames(EMOJI_GROUPS, named.EMOJI_NAMES);
}

// `names`: emoji -> [name, words]. The former names are words for the search.
export function withNames(groups, names) {
  const rename = (entry) => {
    const [emoji, former, words, ...forms] = entry;
    const named = names.get(emoji);
    return named === undefined ? entry : [emoji, named[0], `${named[1]} ${former} ${words}`, ...forms];
  };
  return groups.map(([group, entries]) => [group, entries.map(rename)]);
}

// The entries of which every word of `query` starts a word of the name or of the search words. Those whose name
// starts with the query come first.
export function searchEmoji(groups, query) {
  const folded = query.trim().toLowerCase();
  const wanted = folded.split(/[\s_:]+/).filter((word) => word !== "");
  if (wanted.length === 0) return [];
  const found = groups.flatMap(([, entries]) => entries).filter((entry) => matches(entry, wanted));
  const rank = ([, name]) => (name.toLowerCase().startsWith(folded) ? 0 : 1);
  return found.sort((left, right) => rank(left) - rank(right));
}

export function inTone([emoji, , , forms], tone) {
  return forms?.[tone - 1] ?? emoji;
}

export function storedTone() {
  const tone = Number(localStorage.getItem(TONE_KEY));
  return SKIN_TONES[tone] === undefined ? 0 : tone;
}

export function storeTone(tone) {
  localStorage.setItem(TONE_KEY, String(tone));
}

function matches([emoji, name, words], wanted) {
  if (wanted.length === 1 && wanted[0] === emoji) return true;
  const own = `${name} ${words}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return wanted.every((word) => own.some((one) => one.startsWith(word)));
}
