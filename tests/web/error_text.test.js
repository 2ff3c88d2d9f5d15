// The texts of the server's errors in the language of the client.

import assert from "node:assert/strict";
import test from "node:test";
import { readTexts, useLanguage } from "./texts.js";

useLanguage("de");
const { fieldErrorText } = await import("../../web/network/error_text.js");
const texts = readTexts("de").refused;

test("an error of a field says what is wrong, in another language than that of the server too", () => {
  const textOf = (field, code) => fieldErrorText({ field, code, detail: "English" });
  assert.equal(textOf("password", "too_common"), texts.password_too_common);
  assert.equal(textOf("password", "too_short"), texts.field_too_short);
  assert.equal(textOf("username", "reserved"), texts.username_reserved);
  assert.equal(textOf("username", "invalid"), texts.username_invalid);
  assert.equal(textOf("email", "invalid"), texts.email_invalid);
  assert.equal(textOf("title", "required"), texts.field_required);
  assert.equal(textOf("title", "invalid"), texts.field_invalid);
});
