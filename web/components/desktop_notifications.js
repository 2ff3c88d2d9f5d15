// Desktop notifications for new messages and notifications, and the tone for new messages, while no window of this browser
// is in front. Off until the user allows them in this browser.

import { nameOf } from "../state/user_cards.js";
import { conversationName } from "./conversation_name.js";
import { isAnyInFront, isInFront } from "./in_front.js";
import { playSound } from "./sound.js";

const STORAGE_KEY = "convene.desktop_notifications";
const MAX_LENGTH = 150;

export function isSupported() {
  return "Notification" in globalThis;
}

export function isEnabled() {
  return isSupported() && Notification.permission === "granted" && localStorage.getItem(STORAGE_KEY) === "on";
}

// Returns whether they are enabled now: the user may refuse.
export async function setEnabled(enabled) {
  const allowed = enabled && (await Notification.requestPermission()) === "granted";
  localStorage.setItem(STORAGE_KEY, allowed ? "on" : "off");
  return allowed;
}

// The window is not in front.
export async function alertOfMessage(session, conversation, message) {
  if (await isAnyInFront()) return;
  playSound();
  if (isEnabled()) showMessage(session, conversation, message);
}

let latest = { id: null, count: 0 };

export async function alertOfNotification(notification) {
  // Not shown again if it only became smaller, because a like was taken back.
  const isSmaller = notification.id === latest.id && notification.count < latest.count;
  latest = notification;
  // A message that mentions the user has its own.
  if (isSmaller || (notification.type === "MENTION" && notification.conversation_id)) return;
  if (isEnabled() && !(await isAnyInFront())) showNotification(notification);
}

async function showNotification(notification) {
  const { notificationText } = await import("../state/notification_types.js");
  show("Convene", notificationText(notification), "#/notifications");
}

async function showMessage(session, conversation, message) {
  const { excerpt } = await import("./excerpt.js");
  const text = excerpt(message.content, MAX_LENGTH);
  const isDirect = conversation.info.type === "DIRECT";
  const sender = session.users.card(message.sender_id);
  const body = isDirect || sender === null ? text : `${nameOf(sender)}: ${text}`;
  show(conversationName(conversation, session), body, `#/messages/${conversation.id}`);
}

// The address is the tag: a newer notification replaces an older one, also that of another tab.
async function show(title, body, address) {
  if (!isEnabled() || isInFront()) return;
  const options = { body, tag: address, icon: "/web/icon.svg" };
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      location.hash = address;
      notification.close();
    };
  } catch {
    // Android shows those of service workers only, see `service_worker.js`.
    const registration = await navigator.serviceWorker?.getRegistration();
    await registration?.showNotification(title, { ...options, data: address });
  }
}
