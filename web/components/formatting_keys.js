// Ctrl+B and Ctrl+I in a text field: put the selection between the marks of bold or italic, or remove them.

const MARKS = { b: "**", i: "*" };

export function addFormattingKeys(input) {
  input.addEventListener("keydown", (event) => {
    const mark = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && MARKS[event.key];
    if (!mark || input.readOnly) return;
    event.preventDefault();
    toggle(input, mark);
  });
}

function toggle(input, mark) {
  const { selectionStart: start, selectionEnd: end, value } = input;
  const size = mark.length;
  const isMarked = marksBefore(value, start) >= size && value.startsWith(mark, end);
  // Italic is not removed from what is only bold.
  const removes = isMarked && (size === 2 || marksBefore(value, start) !== 2);
  const selected = value.slice(start, end);
  if (removes) input.setSelectionRange(start - size, end + size);
  // Unlike `setRangeText` this can be undone, and it reports the input.
  const text = removes ? selected : `${mark}${selected}${mark}`;
  if (text) document.execCommand("insertText", false, text);
  else document.execCommand("delete");
  const from = removes ? start - size : start + size;
  input.setSelectionRange(from, from + selected.length);
}

function marksBefore(value, end) {
  return /\**$/.exec(value.slice(0, end))[0].length;
}
