// Searches an index for a keyword of the store; the hits can be played.

import { get, play } from "./api.js";
import { byId, make, work } from "./dom.js";

const choice = make("select", { "aria-label": "keyword to search for" });
const search = make("button", { type: "submit", className: "main", textContent: "Search" });
const list = make("ol", { id: "found" });

export async function startSearch() {
  const index = await get("api/index");
  if (index === null) return;
  const hint = `Where a keyword is said in ${index}, the best hits first. Listen to a hit before you trust it.`;
  byId("search").append(make("p", { className: "quiet", textContent: hint }),
    make("div", { className: "row" }, choice, search), list);
  byId("search").onsubmit = (event) => {
    event.preventDefault();
    work(search, find);
  };
  byId("search-section").hidden = false;
}

export function offer(names) {
  const chosen = choice.value;
  choice.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
  if (names.includes(chosen)) choice.value = chosen;
  search.disabled = !names.length;
}

async function find() {
  const hits = await get(`api/index/${encodeURIComponent(choice.value)}`);
  const none = make("li", { className: "quiet", textContent: "Nothing was found." });
  list.replaceChildren(...(hits.length ? hits.map(row) : [none]));
}

function row({ number, file, start, end, score, heard }) {
  const when = heard === null ? `${time(start)} to ${time(end)}` : new Date(1000 * heard).toLocaleString();
  const words = make("span", { className: "said number", textContent: `${file}, ${when}, score ${score.toFixed(2)}` });
  const listen = make("button", { type: "button", textContent: "Play", "aria-label": `play ${file} at ${when}` });
  listen.disabled = heard !== null;
  listen.title = heard === null ? "" : "an index of what was heard live has no audio";
  listen.onclick = () => work(listen, () => play(`api/index/hits/${number}`));
  return make("li", { className: "row" }, words, listen);
}

const time = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
