// Sets the texts of a language, as `boot.js` does. Import it before the modules that it is for.

import { readFileSync } from "node:fs";
import { setTexts } from "../../web/i18n.js";

export function useLanguage(language, languages = [language]) {
  setTexts(language, readTexts(language), languages);
}

export function readTexts(language) {
  return JSON.parse(readFileSync(new URL(`../../web/locales/${language}.json`, import.meta.url), "utf8"));
}

useLanguage("en");
