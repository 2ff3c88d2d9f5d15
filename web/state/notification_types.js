// Types of notifications: their labels, where a click leads, and the texts in the language of the client. The server
// has the texts in English.

import { currentLanguage, SERVER_LANGUAGE, t } from "../i18n.js";
import { nameOf } from "./user_cards.js";

// Types without a label are shown by their name.
export const TYPE_LABELS = {
  FOLLOW: t("notifications.follow"),
  FOLLOW_REQUEST: t("people.follow_requests"),
  LIKE: t("notifications.like"),
  COMMENT: t("notifications.comment"),
  MENTION: t("notifications.mention"),
  REPOST: t("notifications.repost"),
  EVENT_INVITE: t("notifications.event_invite"),
  EVENT_UPDATE: t("notifications.event_update"),
  EVENT_REMINDER: t("notifications.event_reminder"),
  MODERATION: t("notifications.moderation"),
  EXPORT_READY: t("notifications.export_ready"),
};

export function targetOf(notification) {
  const { type, sender, reference_id: id, conversation_id: conversationId } = notification;
  switch (type) {
    case "FOLLOW":
      return sender ? `#/@${sender.username}` : "#/people";
    case "FOLLOW_REQUEST":
      return "#/people";
    case "LIKE":
    case "COMMENT":
    case "REPOST":
      return `#/post/${id}`;
    case "MENTION":
      if (conversationId) return `#/messages/${conversationId}${id ? `?message=${id}` : ""}`;
      return id ? `#/post/${id}` : "#/messages";
    case "EVENT_INVITE":
    case "EVENT_UPDATE":
    case "EVENT_REMINDER":
      return `#/event/${id}`;
    case "MODERATION":
      return "#/actions";
    case "EXPORT_READY":
      return "#/settings";
    default:
      return "#/notifications";
  }
}

// Of one user, or of a user and more.
const GROUPED = [
  ["started following you", (who) => t("notice.followed", who)],
  ["asked to follow you", (who) => t("notice.asked_to_follow", who)],
  ["liked your post", (who) => t("notice.liked_post", who)],
  ["liked your comment", (who) => t("notice.liked_comment", who)],
  ["commented on your post", (who) => t("notice.commented", who)],
  ["replied to your comment", (who) => t("notice.replied", who)],
  ["reposted your post", (who) => t("notice.reposted", who)],
  ["quoted your post", (who) => t("notice.quoted", who)],
  ["mentioned you in a post", (who) => t("notice.mentioned_in_post", who)],
  ["mentioned you in a comment", (who) => t("notice.mentioned_in_comment", who)],
  ["invited you to (?<title>.+)", (who) => t("notice.invited", who)],
  ["updated (?<title>.+)", (who) => t("notice.updated", who)],
  ["asked to go to (?<title>.+)", (who) => t("notice.asked_to_go", who)],
  ["mentioned you", (who) => t("notice.mentioned", who)],
  ["mentioned you \\(\\+(?<number>\\d+) more\\)", (who) => t("notice.mentioned_more", who)],
  ["made you a co-host of (?<title>.+)", (who) => t("notice.made_cohost", who)],
  ["accepted your request to go to (?<title>.+)", (who) => t("notice.request_accepted", who)],
  ["declined your request to go to (?<title>.+)", (who) => t("notice.request_declined", who)],
  ["about (?<title>.+?): (?<reason>.+)", (who) => withReason(t("notice.announced", who), who.reason)],
].map(([action, text]) => [new RegExp(`^${action}$`, "s"), text]);

// Without a user. A title may contain anything, so texts that begin with one are tried last.
const OTHERS = [
  [/^You're off the waitlist for (?<title>.+)$/s, (found) => t("notice.off_waitlist", found)],
  [/^Your data export is ready to download$/, () => t("notice.export_ready")],
  [/^Moderators have accepted your appeal$/, () => t("notice.appeal_accepted")],
  [/^Moderators have declined your appeal$/, () => t("notice.appeal_declined")],
  [/^(?<title>.+) has started$/s, (found) => t("notice.has_started", found)],
  [/^(?<title>.+) starts in (?<count>\d+) minutes?$/s, (found) => t("notice.starts_in_minutes", found)],
  [/^(?<title>.+) starts in (?<count>\d+) hours?$/s, (found) => t("notice.starts_in_hours", found)],
  [/^(?<title>.+) starts in (?<count>\d+) days?$/s, (found) => t("notice.starts_in_days", found)],
  [/^(?<title>.+?) was cancelled: (?<reason>.+)$/s, (found) => t("notice.cancelled_because", found)],
  [/^(?<title>.+) was cancelled$/s, (found) => t("notice.cancelled", found)],
];

// What moderators did, followed by the reason. Some were worded differently by earlier servers.
const ACTIONS = [
  ["Moderators have hidden your \\w+", t("notice.hidden")],
  ["Moderators have restored your \\w+", t("notice.restored")],
  ["Moderators warn you", t("notice.warned")],
  ["Moderators have silenced you: you can read(?: but|, and) not write", t("notice.silenced")],
  ["You can write again", t("notice.unsilenced")],
  ["Moderators (?:had )?suspended your account", t("notice.suspended")],
  ["The suspension of your account was lifted", t("notice.unsuspended")],
  ["Moderators (?:had )?banned your account", t("notice.banned")],
  ["The ban of your account was lifted", t("notice.unbanned")],
  ["Your account was verified", t("notice.verified")],
  ["Your account is no longer verified", t("notice.unverified")],
  ["You are now an admin", t("notice.admin")],
  ["You are now a moderator", t("notice.moderator")],
  ["You no longer have a role", t("notice.no_role")],
].map(([action, text]) => [new RegExp(`^${action}: (?<reason>.*)$`, "s"), text]);

// An unknown text, such as one of a later server, stays what it is.
export function notificationText({ message, sender }) {
  if (currentLanguage() === SERVER_LANGUAGE) return message;
  // A cancellation has the host as its sender, and begins with the title.
  return (sender ? ofSender(message, nameOf(sender)) : null) ?? ofSystem(message) ?? message;
}

function ofSender(message, name) {
  if (!message.startsWith(`${name} `)) return null;
  const [, more, action] = /^(?:and (\d+) more )?(.*)$/s.exec(message.slice(name.length + 1));
  const others = Number(more ?? 0);
  const who = others > 0 ? t("notice.and_others", { name, count: others }) : name;
  for (const [form, text] of GROUPED) {
    const match = form.exec(action);
    if (match !== null) return text({ who, count: others + 1, ...match.groups });
  }
  return null;
}

function ofSystem(message) {
  for (const [form, text] of ACTIONS) {
    const match = form.exec(message);
    if (match !== null) return withReason(text, match.groups.reason);
  }
  for (const [form, text] of OTHERS) {
    const { groups } = form.exec(message) ?? { groups: null };
    if (groups !== null) return text({ ...groups, count: Number(groups?.count) });
  }
  return null;
}

function withReason(text, reason) {
  return t("notice.with_reason", { text, reason });
}
