// Search for people, suggestions, and the lists of followed users and followers.

import { element, emptyState, newElementId, setChildren } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { suggestionList } from "../components/suggestions.js";
import { followButton, userRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { isSearchable, userSearchText } from "../state/search_text.js";
import { Scope } from "../state/signal.js";
import { followRequests } from "./follow_requests.js";

const SEARCH_DELAY_MS = 250;

export function peopleView(session, query) {
  const id = newElementId("search");
  const results = element("div", { class: "stack" });
  // Of the results that are shown.
  let resultsScope = new Scope();
  const input = element("input", {
    id,
    type: "search",
    placeholder: t("people.search_placeholder"),
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
    return userRow(card, !session.isMe(card.id) && followButton(session, card, resultsScope));
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
    resultsScope.close();
    resultsScope = new Scope();
    const q = userSearchText(input.value);
    const address = q ? `#/people?q=${encodeURIComponent(q)}` : "#/people";
    // If this view was left meanwhile, the address is that of another one.
    if (results.isConnected) history.replaceState(history.state, "", address);
    const me = `/v1/users/${session.user.id}`;
    if (isSearchable(q)) setChildren(results, listOf("/v1/users", { q }, t("people.none_found")));
    else if (q) setChildren(results, emptyState(t("people.search_too_short")));
    else
      setChildren(
        results,
        followRequests(session, resultsScope),
        element("h2", {}, t("people.suggestions")),
        suggestionList(session, resultsScope),
        element("h2", {}, t("people.following")),
        listOf(`${me}/following`, {}, t("people.none_following")),
        element("h2", {}, t("people.followers")),
        listOf(`${me}/followers`, {}, t("people.no_followers")),
      );
  }

  search();
  return {
    title: t("people.title"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("people.title")),
      element("search", { class: "field" }, element("label", { for: id }, t("people.search")), input),
      results,
    ),
    close: () => {
      clearTimeout(timer);
      resultsScope.close();
    },
  };
}
