// Alerts about new messages and notifications. What shows them is loaded with the first one.

import { isInFront } from "./in_front.js";

export function startAlerts(session) {
  const withAlerts = (show) => import("./desktop_notifications.js").then(show, () => null);
  session.conversations.messageArrived.on(({ conversation, message }) => {
    if (conversation.info.muted || session.isMe(message.sender_id) || isInFront()) return;
    withAlerts(({ alertOfMessage }) => alertOfMessage(session, conversation, message));
  });
  session.notifications.alerted.on((notification) =>
    withAlerts(({ alertOfNotification }) => alertOfNotification(notification)),
  );
}
