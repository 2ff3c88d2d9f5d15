// The repost button of a post: a menu to repost it, to take that back, and to quote it.

import { IdempotencyKey } from "../network/idempotency_key.js";
import { composer } from "./composer.js";
import { Dialog } from "./dialog.js";
import { element, setChildren, visuallyHidden } from "./dom.js";
import { icon } from "./icons.js";
import { Menu } from "./menu.js";
import { toast, toastError } from "./toast.js";
import { visibilityChoice } from "./visibility_choice.js";

const MAX_LENGTH = 280;

// `onUndone()` is called after the user's repost was deleted.
export function repostButton(session, post, path, onUndone) {
  let reposted = post.reposted_by_me;
  let count = post.repost_count;
  const menu = new Menu("Repost");
  const idempotencyKey = new IdempotencyKey();
  const repost = element("button", {
    type: "button",
    class: "action repost-button",
    "aria-haspopup": "menu",
    onclick: open,
  });

  function show() {
    setChildren(
      repost,
      icon("repost"),
      element("span", {}, count),
      visuallyHidden(count === 1 ? " repost" : " reposts"),
    );
    repost.classList.toggle("active", reposted);
  }

  function open() {
    menu.open(repost, [
      [reposted ? "Undo repost" : "Repost", toggle],
      ["Quote", quote],
    ]);
  }

  function change(delta) {
    count = Math.max(0, count + delta);
    show();
  }

  async function toggle() {
    repost.disabled = true;
    try {
      if (reposted) await session.api.delete(`${path}/repost`);
      else await session.api.post(`${path}/repost`, {}, idempotencyKey.keyFor(""));
      idempotencyKey.clear();
      reposted = !reposted;
      change(reposted ? 1 : -1);
      toast(reposted ? "Reposted." : "Your repost is deleted.");
      if (!reposted) onUndone();
    } catch (error) {
      toastError(error);
    }
    repost.disabled = false;
  }

  function quote() {
    const write = composer({
      label: "Write about this post",
      maxLength: MAX_LENGTH,
      submit: "Quote",
      rows: 3,
      drafts: session.drafts,
      draftKey: `quote:${post.id}`,
      choice: visibilityChoice(session),
      send: async (content, key, visibility) => {
        const created = await session.api.post(`${path}/repost`, { content, visibility }, key);
        if (visibility === "public") change(1);
        dialog.close();
        location.hash = `#/post/${created.id}`;
      },
    });
    const dialog = new Dialog("Quote post", quotedPost(post), write.element).open();
  }

  show();
  return [repost, menu.element];
}

// A post inside another one, without its actions.
export function quotedPost(post) {
  return element(
    "a",
    { class: "quoted", href: `#/post/${post.id}` },
    element("span", { class: "secondary" }, `@${post.author.username}`),
    element("span", { class: "content", dir: "auto" }, post.content),
  );
}
