// Changes a message in its place: its row is replaced by an editor until the change is saved or cancelled.

import { messageEditor } from "../components/message_editor.js";

// `on`: render() shows the rows again, done() follows the end of the editing.
export function editInPlace(message, rows, actions, drafts, on) {
  const editor = messageEditor(message, {
    drafts,
    save: (content) => actions.saveEdit(message, content),
    onClose: () => {
      rows.setEditor(null);
      on.render();
      on.done();
    },
  });
  rows.setEditor({ messageId: message.id, row: editor.row });
  on.render();
  editor.focus();
}
