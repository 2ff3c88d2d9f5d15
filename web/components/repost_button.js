// The repost button of a post: a menu to repost it, to take that back, and to quote it.

import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { composer } from "./composer.js";
import { Dialog } from "./dialog.js";
import { element, oneAtATime, setChildren, visuallyHidden } from "./dom.js";
import { icon } from "./icons.js";
import { Menu } from "./menu.js";
import { postFields } from "./post_fields.js";
import { toast, toastError } from "./toast.js";

const MAX_LENGTH = 280;

// `onUndone()` is called after the user's repost was deleted. Returns {elements, setCount}.
export function repostButton(session, post, path, onUndone) {
  let reposted = post.reposted_by_me;
  let count = post.repost_count;
  const menu = new Menu(t("posts.repost"));
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
      visuallyHidden(` ${t("posts.reposts", { count })}`),
    );
    repost.classList.toggle("active", reposted);
  }

  const toggleOnce = oneAtATime(toggle);

  function open() {
    menu.open(repost, [
      [reposted ? t("posts.undo_repost") : t("posts.repost"), toggleOnce],
      [t("posts.quote"), quote],
    ]);
  }

  function change(delta) {
    count = Math.max(0, count + delta);
    show();
  }

  async function toggle() {
    try {
      if (reposted) await session.api.delete(`${path}/repost`);
      else await session.api.post(`${path}/repost`, {}, idempotencyKey.keyFor(""));
      idempotencyKey.clear();
      reposted = !reposted;
      change(reposted ? 1 : -1);
      toast(reposted ? t("posts.reposted_done") : t("posts.repost_undone"));
      if (!reposted) onUndone();
    } catch (error) {
      toastError(error);
    }
  }

  function quote() {
    const write = composer(session, {
      label: t("posts.write_quote"),
      maxLength: MAX_LENGTH,
      submit: t("posts.quote"),
      rows: 3,
      draftKey: `quote:${post.id}`,
      fields: postFields(session),
      send: async (body, key) => {
        const created = await session.api.post(`${path}/repost`, body, key);
        if (body.visibility === "public") change(1);
        dialog.close();
        location.hash = `#/post/${created.id}`;
      },
    });
    const dialog = new Dialog(t("posts.quote_title"), quotedPost(post), write.element).open();
  }

  function setCount(known) {
    if (known !== count) change(known - count);
  }

  show();
  return { elements: [repost, menu.element], setCount };
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
