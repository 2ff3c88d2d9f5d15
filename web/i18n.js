// The texts of the client in the language of the user, from `locales/<language>.json`:
//
//     t("messages.new_count", { count: 3 }) -> "3 new messages"
//
// A text may have plural forms, of which `count` chooses one. `boot.js` sets the texts before `app.js` is
// evaluated, so modules may use them in constants.

// What languages are called in themselves.
export const LANGUAGES = { de: "Deutsch", en: "English" };
// Of the texts that the server makes: errors, notifications and system messages.
export const SERVER_LANGUAGE = "en";
const DEFAULT = "en";
const STORAGE_KEY = "convene.language";
const VALUE = /\{(\w+)\}/;

let texts = {};
let plurals = new Intl.PluralRules(DEFAULT);
let numbers = new Intl.NumberFormat(DEFAULT);

let language = DEFAULT;
let locale = DEFAULT;

// The language that was chosen in the settings, or null for that of the browser.
export function storedLanguage() {
  const stored = localStorage.getItem(STORAGE_KEY);
  return isSupported(stored) ? stored : null;
}

// Used from the next load on.
export function storeLanguage(chosen) {
  if (chosen === null) localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, chosen);
}

// The first language of the browser that there are texts in.
export function preferredLanguage(languages = navigator.languages) {
  return languages.map(baseOf).find(isSupported) ?? DEFAULT;
}

// `loaded`: section -> name -> text, or plural form -> text.
export function setTexts(chosen, loaded, languages = navigator.languages) {
  language = chosen;
  // Dates as the browser has them in this language, such as those of Austria.
  locale = languages.find((one) => baseOf(one) === chosen) ?? chosen;
  texts = loaded;
  plurals = new Intl.PluralRules(chosen);
  numbers = new Intl.NumberFormat(locale);
}

export function currentLanguage() {
  return language;
}

// For `Intl`.
export function currentLocale() {
  return locale;
}

export function formatNumber(value) {
  return numbers.format(value);
}

// The text of a key like "section.name" with its values.
export function t(key, values = {}) {
  return tParts(key, values).join("");
}

// Like `t`, for values that are elements: the text between them and the values, for `element`.
export function tParts(key, values) {
  const [section, name] = key.split(".");
  const text = texts[section]?.[name] ?? key;
  const form = typeof text === "string" ? text : (text[plurals.select(values.count)] ?? text.other);
  return form.split(VALUE).map((part, index) => (index % 2 === 0 ? part : shown(values[part])));
}

function shown(value) {
  return typeof value === "number" ? numbers.format(value) : value;
}

function isSupported(one) {
  return Object.hasOwn(LANGUAGES, one);
}

function baseOf(tag) {
  return tag.toLowerCase().split("-")[0];
}
