// What system messages say, from their texts, and one sentence for a run of them.

import { t, tParts } from "../i18n.js";

const FORMS = [
  [/^@(\S+) added @(\S+)$/, "added"],
  [/^@(\S+) removed @(\S+)$/, "removed"],
  [/^@(\S+) joined$/, "joined"],
  [/^@(\S+) left$/, "left"],
  [/^@(\S+) changed the name to "(.*)"$/, "renamed"],
  [/^@(\S+) changed the admins$/, "admins"],
];
const SENTENCES = {
  added: (actor, names) => tParts("system.added", { actor, names }),
  removed: (actor, names) => tParts("system.removed", { actor, names }),
  renamed: (actor, name) => tParts("system.renamed", { actor, name }),
  admins: (actor) => tParts("system.admins", { actor }),
};
const OWN_SENTENCES = {
  added: (names) => tParts("system.you_added", { names }),
  removed: (names) => tParts("system.you_removed", { names }),
  joined: () => [t("system.you_joined")],
  left: () => [t("system.you_left")],
  renamed: (name) => tParts("system.you_renamed", { name }),
  admins: () => [t("system.you_admins")],
};
const MAX_PARTS = 3;

// "Ana added Ben, Cleo and 6 others · Dan left · 2 more updates". `nameOf(username)` returns a name; `me` is the
// username of the reader.
export function summarize(texts, nameOf, me) {
  const parts = [];
  texts.forEach((text) => {
    const one = parse(text);
    const last = parts.at(-1);
    if (one?.users && last?.verb === one.verb && last.actor === one.actor) last.users.push(...one.users);
    else parts.push(one ?? { text });
  });
  const shown = parts.slice(0, MAX_PARTS).map((part) => sentence(part, nameOf, me).flat(Infinity).join(""));
  const more = parts.length - MAX_PARTS;
  if (more > 0) shown.push(t("system.more", { count: more }));
  return shown.join(" · ");
}

// The sentence of one message for `element`, with what `nameOf` returns for each user; null for an unknown text.
export function describe(text, nameOf, me) {
  const one = parse(text);
  return one === null ? null : sentence(one, nameOf, me).flat(Infinity);
}

// {verb, actor, users} with the users that it is about, {verb, actor, name}, or null for another text.
function parse(text) {
  for (const [form, verb] of FORMS) {
    const match = form.exec(text);
    if (match === null) continue;
    const [, first, second] = match;
    if (verb === "renamed") return { verb, actor: first, name: second };
    if (verb === "admins") return { verb, actor: first };
    return second === undefined ? { verb, users: [first] } : { verb, actor: first, users: [second] };
  }
  return null;
}

function sentence({ text, verb, actor, users, name }, nameOf, me) {
  if (text !== undefined) return [text.replace(/@[\w.]*\w/g, (found) => nameOf(found.slice(1)))];
  if (actor === undefined && users.length === 1 && users[0] === me) return OWN_SENTENCES[verb]();
  const own = actor === undefined ? t("common.you") : t("system.you_object");
  const what = users ? joined(users.map((one) => (one === me ? own : nameOf(one)))) : name;
  if (actor === me) return OWN_SENTENCES[verb](what);
  if (actor !== undefined) return SENTENCES[verb](nameOf(actor), what);
  const values = { names: what, count: users.length };
  return verb === "joined" ? tParts("system.joined", values) : tParts("system.left", values);
}

// "Ana", "Ana and Ben", "Ana, Ben and Cleo", "Ana, Ben and 2 others".
function joined([first, second, ...others]) {
  if (second === undefined) return first;
  if (others.length === 0) return tParts("system.two", { first, second });
  if (others.length === 1) return tParts("system.three", { first, second, third: others[0] });
  return tParts("system.others", { first, second, count: others.length });
}
