// The texts of all languages: the same keys, values and plural forms, each used, and each used key present.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { LANGUAGES, preferredLanguage, t, tParts } from "../../web/i18n.js";
import { readTexts, useLanguage } from "./texts.js";

const WEB = new URL("../../web/", import.meta.url);
const FOLDERS = ["", "components/", "network/", "state/", "views/"];
const files = readdirSync(new URL("locales/", WEB)).map((name) => name.replace(/\.json$/, ""));
const texts = Object.fromEntries(files.map((language) => [language, flat(readTexts(language))]));
const [first, ...others] = files;

// "section.name" -> text.
function flat(sections) {
  return new Map(
    Object.entries(sections).flatMap(([section, names]) =>
      Object.entries(names).map(([name, text]) => [`${section}.${name}`, text]),
    ),
  );
}

function formsOf(text) {
  return typeof text === "string" ? { other: text } : text;
}

function valuesIn(text) {
  return new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
}

function sources() {
  return FOLDERS.flatMap((folder) =>
    readdirSync(new URL(folder, WEB))
      .filter((name) => name.endsWith(".js"))
      .map((name) => [folder + name, readFileSync(new URL(folder + name, WEB), "utf8")]),
  );
}

function withoutComments(code) {
  return code.replace(/^\s*\/\/.*$/gm, "");
}

test("each language has a file, and each file a language", () => {
  assert.deepEqual([...files].sort(), Object.keys(LANGUAGES).sort());
});

for (const language of others) {
  test(`${language} has the keys of ${first}`, () => {
    assert.deepEqual([...texts[language].keys()].sort(), [...texts[first].keys()].sort());
  });

  test(`texts of ${language} have the values of those of ${first}`, () => {
    for (const [key, text] of texts[language])
      assert.deepEqual(valuesIn(formsOf(text).other), valuesIn(formsOf(texts[first].get(key)).other), key);
  });
}

for (const language of files) {
  test(`texts of ${language} are complete`, () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, text] of texts[language]) {
      const forms = formsOf(text);
      for (const form of Object.values(forms)) {
        assert.equal(form, form.trim(), key);
        assert.notEqual(form, "", key);
      }
      if (typeof text !== "string") assert.deepEqual(Object.keys(forms).sort(), [...categories].sort(), key);
    }
  });
}

test("every key in the code exists, and every key is in the code", () => {
  const sections = new Set([...texts[first].keys()].map((key) => key.split(".")[0]));
  const used = new Map();
  for (const [name, source] of sources()) {
    const code = withoutComments(source);
    for (const [, key] of code.matchAll(/\bt(?:Parts)?\(\s*"([^"]*)"/g)) used.set(key, name);
    // A key that is chosen or handed over.
    for (const [, key] of code.matchAll(/"(\w+\.\w+)"/g))
      if (sections.has(key.split(".")[0]) && texts[first].has(key)) used.set(key, name);
  }
  assert.deepEqual(
    [...used].filter(([key]) => !texts[first].has(key)),
    [],
  );
  assert.deepEqual(
    [...texts[first].keys()].filter((key) => !used.has(key)),
    [],
  );
});

test("no sentence in the code is left without a key", () => {
  const found = sources()
    .filter(([name]) => name !== "boot.js")
    .flatMap(([name, source]) =>
      [...withoutComments(source).matchAll(/["`]([A-Z][a-z']+ [a-z][^"`]*)["`]/g)].map(
        ([, text]) => `${name}: ${text}`,
      ),
    );
  // Not shown; names in the data; texts of the server.
  const internal = [
    /^network\/api.js: The request was cancelled/,
    /^components\/emoji_picker.js/,
    /^state\/notification_types.js/,
  ];
  assert.deepEqual(
    found.filter((one) => !internal.some((form) => form.test(one))),
    [],
  );
});

test("a text has the plural form of its count, and numbers of the language", () => {
  useLanguage("de");
  assert.equal(t("messages.new_count", { count: 1 }), "1 neue Nachricht");
  assert.equal(t("messages.new_count", { count: 1234 }), "1.234 neue Nachrichten");
  useLanguage("en");
  assert.equal(t("messages.new_count", { count: 1234 }), "1,234 new messages");
});

test("values stay what they are, and are no part of the text", () => {
  const link = { a: "link" };
  assert.deepEqual(tParts("posts.reposted", { name: link }), ["", link, " reposted"]);
  assert.equal(t("typing.one", { name: "{name} $& {count}" }), "{name} $& {count} is typing…");
});

test("a missing key is shown, so that it is noticed", () => {
  assert.equal(t("nothing.here"), "nothing.here");
});

test("the first language of the browser with texts is used, else English", () => {
  assert.equal(preferredLanguage(["fr-FR", "de-AT", "en"]), "de");
  assert.equal(preferredLanguage(["EN-us", "de"]), "en");
  assert.equal(preferredLanguage(["fr"]), "en");
  assert.equal(preferredLanguage([]), "en");
});
