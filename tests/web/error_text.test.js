// The texts of the server's errors in the language of the client.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { readTexts, useLanguage } from "./texts.js";

useLanguage("de");
const { errorTextOf, fieldErrorText } = await import("../../web/network/error_text.js");
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

// What only a client with an error causes, or what ends the session or is shown otherwise.
const WITHOUT_TEXT = new Set([
  "request.unsupported_media_type",
  "auth.required",
  "auth.expired",
  "report.not_moderator",
  "method.not_allowed",
  "conversation.direct",
  "idempotency.conflict",
  "cursor.invalid",
  "rate.limited",
  "frame.unknown_type",
]);

test("every error that a user may cause has a text in the language of the client", () => {
  const source = readFileSync(new URL("../../actors/protocol/errors.py", import.meta.url), "utf8");
  const codes = [...source.matchAll(/^ {4}"([\w.]+)": ErrorSpec\(/gm)].map(([, code]) => code);
  assert.ok(codes.length > 50);
  const missing = codes.filter((code) => errorTextOf(code, "English", null) === "English");
  assert.deepEqual(
    missing.filter((code) => !WITHOUT_TEXT.has(code)),
    [],
  );
});

test("what does not exist any more, and what is too much, have a text without one for the noun", () => {
  assert.equal(errorTextOf("comment.not_found", "English", null), texts.not_found);
  assert.equal(errorTextOf("invite_code.limit", "English", null), texts.limit);
  assert.equal(errorTextOf("user.not_found", "English", null), texts.user_not_found);
});
