// Finding people: by how their name begins, and those whom one follows or is followed by.

import { element, fill, newElementId } from "../parts/dom.js";
import { Pages } from "../parts/pages.js";
import { followButton, personRow } from "../parts/person.js";
import { Scope } from "../state/signal.js";

const WAIT_MS = 250;

export function peopleView(session, query) {
  const scope = new Scope();
  const id = newElementId("search");
  const place = element("div", {});
  const input = element("input", {
    id,
    type: "search",
    placeholder: "Name or @username",
    autocomplete: "off",
    autocapitalize: "none",
  });
  let timer = null;
  input.value = query.get("q") ?? "";
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, WAIT_MS);
  });

  function row(card) {
    return personRow(card, !session.isMe(card.id) && followButton(session, card, scope));
  }

  function list(read, empty) {
    const pages = new Pages({ read, render: row, empty });
    pages.begin();
    return pages.element;
  }

  function find() {
    const words = input.value.trim().replace(/^@/, "");
    history.replaceState(null, "", words ? `#/people?q=${encodeURIComponent(words)}` : "#/people");
    const { api, user } = session;
    if (words) {
      fill(
        place,
        list((cursor) => api.get("/v1/users", { q: words, cursor }), "Nobody’s name begins like that."),
      );
      return;
    }
    fill(
      place,
      element("h2", {}, "You follow"),
      list(
        (cursor) => api.get(`/v1/users/${user.id}/following`, { cursor }),
        "Nobody yet. Search for people by their name.",
      ),
      element("h2", {}, "They follow you"),
      list((cursor) => api.get(`/v1/users/${user.id}/followers`, { cursor }), "Nobody yet."),
    );
  }

  find();
  return {
    title: "People",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "People"),
      element("search", { class: "field" }, element("label", { for: id }, "Search people"), input),
      place,
    ),
    close: () => {
      clearTimeout(timer);
      scope.close();
    },
  };
}
