// Reads a list of the API page by page. `read(cursor)` returns a page. Returns {items, isComplete}: with more than
// `maxPages` pages the list is incomplete.
export async function readPages(read, maxPages) {
  const items = [];
  let cursor = null;
  for (let count = 0; count < maxPages; count += 1) {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  return { items, isComplete: cursor === null };
}
