// What system messages say, from their texts, and one sentence for a run of them.

const FORMS = [
  [/^@(\S+) added @(\S+)$/, "added"],
  [/^@(\S+) removed @(\S+)$/, "removed"],
  [/^@(\S+) joined$/, "joined"],
  [/^@(\S+) left$/, "left"],
];
const MAX_NAMES = 2;
const MAX_PARTS = 3;

// "Ana added Ben, Cleo and 6 others · Dan left · 2 more updates". `nameOf(username)` returns a name.
export function summarize(texts, nameOf) {
  const parts = [];
  texts.forEach((text) => {
    const one = parse(text);
    const last = parts.at(-1);
    if (one !== null && last?.verb === one.verb && last.actor === one.actor) last.users.push(one.user);
    else parts.push(one === null ? { text } : { ...one, users: [one.user] });
  });
  const shown = parts.slice(0, MAX_PARTS).map((part) => sentence(part, nameOf));
  const more = parts.length - MAX_PARTS;
  if (more > 0) shown.push(more === 1 ? "1 more update" : `${more} more updates`);
  return shown.join(" · ");
}

// {verb, actor, user}: whom it is about, and who did it (null: themselves); or null for another text.
function parse(text) {
  for (const [form, verb] of FORMS) {
    const match = form.exec(text);
    if (match !== null) return { verb, actor: match[2] ? match[1] : null, user: match[2] ?? match[1] };
  }
  return null;
}

function sentence({ text, verb, actor, users }, nameOf) {
  if (text !== undefined) return text.replace(/@[\w.]*\w/g, (found) => nameOf(found.slice(1)));
  const names = joined(users.map(nameOf));
  return actor === null ? `${names} ${verb}` : `${nameOf(actor)} ${verb} ${names}`;
}

// "Ana", "Ana and Ben", "Ana, Ben and Cleo", "Ana, Ben and 2 others".
function joined(names) {
  const others = names.length - MAX_NAMES;
  if (others === 1) return `${names[0]}, ${names[1]} and ${names[2]}`;
  if (others > 1) return `${names.slice(0, MAX_NAMES).join(", ")} and ${others} others`;
  return names.join(" and ");
}
