// Names of what logged in, in each language.

import assert from "node:assert/strict";
import test from "node:test";
import { deviceName } from "../../web/components/device_name.js";
import { useLanguage } from "./texts.js";

test("a browser and its system are in the language of the client, and a program keeps its name", () => {
  useLanguage("de");
  assert.equal(deviceName("Firefox on Android"), "Firefox auf Android");
  assert.equal(deviceName("curl"), "curl");
  assert.equal(deviceName(null), "Unbekanntes Gerät");
  useLanguage("en");
  assert.equal(deviceName("Samsung Internet on Android"), "Samsung Internet on Android");
});
