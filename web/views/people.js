// Search for people, suggestions, and the lists of followed users and followers.

import { element, newElementId, setChildren } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { suggestionList } from "../components/suggestions.js";
import { followButton, userRow } from "../components/user_row.js";
import { Scope } from "../state/signal.js";
import { followRequests } from "./follow_requests.js";

const SEARCH_DELAY_MS = 250;

export function peopleView(session, query) {
  const scope = new Scope();
  const id = newElementId("search");
  const results = element("div", { class: "stack" });
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
    timer = setTimeout(search, SEARCH_DELAY_MS);
  });

  function row(card) {
    return userRow(card, !session.isMe(card.id) && followButton(session, card, scope));
  }

  function listOf(path, parameters, empty) {
    const list = new PagedList({
      read: (cursor) => session.api.get(path, { ...parameters, cursor }),
      render: row,
      empty,
    });
    list.load();
    return list.element;
  }

  function search() {
    const q = input.value.trim().replace(/^@/, "");
    history.replaceState(history.state, "", q ? `#/people?q=${encodeURIComponent(q)}` : "#/people");
    const me = `/v1/users/${session.user.id}`;
    if (q) setChildren(results, listOf("/v1/users", { q }, "No people found"));
    else
      setChildren(
        results,
        followRequests(session, scope),
        element("h2", {}, "Suggestions"),
        suggestionList(session, scope),
        element("h2", {}, "Following"),
        listOf(`${me}/following`, {}, "You don't follow anyone yet. Search for people by name."),
        element("h2", {}, "Followers"),
        listOf(`${me}/followers`, {}, "No followers yet"),
      );
  }

  search();
  return {
    title: "People",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "People"),
      element("search", { class: "field" }, element("label", { for: id }, "Search people"), input),
      results,
    ),
    close: () => {
      clearTimeout(timer);
      scope.close();
    },
  };
}
